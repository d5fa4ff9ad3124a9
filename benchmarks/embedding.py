"""Pictures per second: the network alone beside Keras and OpenVINO, and from files to cache.

Contenders take turns, so that noise of the machine affects all of them, and each turn gives one
ratio. One process measures a single core, another one all cores: a single core is limited by the
software, all cores by the processor.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, measure
from product_classifier.backbones.backbone import BATCH_SIZE, Backbone, load_backbone
from product_classifier.features.bottlenecks import EMBEDDERS, bottlenecks
from product_classifier.records import Image
from product_classifier.store.cache import BottleneckCache

TURNS = 7
PICTURES = 160  # random pictures for the networks alone
FILES = 320  # for files to cache
Embed = Callable[[NDArray[np.float32]], object]
Speeds = dict[str, list[float]]


def run(shared: Path) -> Iterator[Row]:
    """Measure Inception v3 on one core, if the system can pin a process, and on all."""
    for cores in (
        (1, os.cpu_count() or 1) if hasattr(os, "sched_setaffinity") else (os.cpu_count(),)
    ):
        process = measure("-m", "benchmarks.embedding", shared, cores)
        yield from _rows(f"bottlenecks on {cores} core(s)", json.loads(process.output))


def _rows(figure: str, speeds: Speeds) -> Iterator[Row]:
    median = {key: f"{statistics.median(values):.1f}/s" for key, values in speeds.items()}
    for name, peer_name, least in (
        ("network", "keras", 1.4),
        ("network", "openvino", None),
        ("files", "network", 0.85),
    ):
        turns = zip(speeds[name], speeds[peer_name], strict=True)
        ratio = statistics.median(a / b for a, b in turns)
        bar, met = (f">= {least} x", ratio >= least) if least else ("reported", None)
        task = "files to cache" if name == "files" else "network only, batch 8"
        ours, peer = f"{median[name]} = {ratio:.2f} x", f"{peer_name} {median[peer_name]}"
        yield Row(f"{figure}, {task}", ours, peer, bar, met)


def main(shared: Path, cores: int) -> None:
    """Measure on a number of cores, and print the speeds of each turn as JSON."""
    if cores < (os.cpu_count() or 1):
        os.sched_setaffinity(0, set(range(cores)))
    folder = shared / "weights" / "inception_v3"
    backbone = load_backbone(str(folder))
    networks = {"network": _ours(backbone), "keras": _keras(), "openvino": _openvino(folder)}
    pixels = np.random.default_rng(0).random((PICTURES, 299, 299, 3), np.float32)
    files = sorted((shared / "data" / "fashion" / "images").iterdir())[:FILES]
    speeds: Speeds = {name: [] for name in (*networks, "files")}
    for embed in networks.values():
        embed(pixels)  # warm-up
    for _ in range(TURNS):
        for name, embed in networks.items():
            started = time.monotonic()
            embed(pixels)
            speeds[name].append(PICTURES / (time.monotonic() - started))
        speeds["files"].append(files_to_cache(files, backbone))
    print(json.dumps(speeds))


def files_to_cache(files: list[Path], backbone: Backbone) -> float:
    """Return the number of distinct pictures per second from their files into a cache."""
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    images = [
        Image(address=str(file), file=file.name, sha256=sha)
        for file, sha in zip(files, hashes, strict=True)
    ]
    with tempfile.TemporaryDirectory() as place:
        cache = BottleneckCache(Path(place), backbone.width)
        started = time.monotonic()
        bottlenecks(images, files[0].parent, backbone, cache)
        return len(set(hashes)) / (time.monotonic() - started)


def _ours(backbone: Backbone) -> Embed:
    pool = ThreadPoolExecutor(EMBEDDERS)

    def embed(pixels: NDArray[np.float32]) -> None:
        starts = range(0, len(pixels), BATCH_SIZE)
        list(pool.map(lambda start: backbone.embed(pixels[start : start + BATCH_SIZE]), starts))

    return embed


def _keras() -> Embed:
    import keras

    model = keras.applications.InceptionV3(weights=None, include_top=False, pooling="avg")
    return lambda pixels: model.predict(pixels, batch_size=BATCH_SIZE, verbose=0)


def _openvino(folder: Path) -> Embed:
    import openvino

    model = openvino.convert_model(folder)
    model.reshape([BATCH_SIZE, 299, 299, 3])
    hints = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    queue = openvino.AsyncInferQueue(openvino.compile_model(model, "CPU", hints))

    def embed(pixels: NDArray[np.float32]) -> None:
        for start in range(0, len(pixels), BATCH_SIZE):
            queue.start_async([pixels[start : start + BATCH_SIZE]])
        queue.wait_all()

    return embed


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
