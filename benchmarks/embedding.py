"""Pictures a second: the network alone beside Keras and OpenVINO, and files to cache beside it.

Contenders take turns, so that a noisy machine is noisy for all of them, and each turn gives one
ratio. A process of its own measures one core, and another one all cores: on one core the three are
limited by their code, on all of them by the processor.
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
PICTURES = 160  # random ones, for the networks alone
FILES = 320  # end to end
Embed = Callable[[NDArray[np.float32]], object]
Speeds = dict[str, list[float]]


def run(shared: Path) -> Iterator[Row]:
    """Measure Inception v3 on one core, where the system can pin a process, and on all."""
    for cores in (
        (1, os.cpu_count() or 1) if hasattr(os, "sched_setaffinity") else (os.cpu_count(),)
    ):
        process = measure("-m", "benchmarks.embedding", shared, cores)
        yield from _rows(f"bottlenecks on {cores} core(s)", json.loads(process.output))


def _rows(figure: str, speeds: Speeds) -> Iterator[Row]:
    median = {name: f"{statistics.median(values):.1f}/s" for name, values in speeds.items()}
    for one, other, least in (
        ("network", "keras", 1.4),
        ("network", "openvino", None),
        ("files", "network", 0.85),
    ):
        turns = zip(speeds[one], speeds[other], strict=True)
        ratio = statistics.median(a / b for a, b in turns)
        bar, met = (f">= {least} x", ratio >= least) if least else ("reported", None)
        what = "files to cache" if one == "files" else "network only, batch 8"
        ours, peer = f"{median[one]} = {ratio:.2f} x", f"{other} {median[other]}"
        yield Row(f"{figure}, {what}", ours, peer, bar, met)


def main(shared: Path, cores: int) -> None:
    """Measure on so many cores and print the speeds of each turn."""
    if cores < (os.cpu_count() or 1):
        os.sched_setaffinity(0, set(range(cores)))
    folder = shared / "weights" / "inception_v3"
    backbone = load_backbone(str(folder))
    networks = {"network": _ours(backbone), "keras": _keras(), "openvino": _openvino(folder)}
    pixels = np.random.default_rng(0).random((PICTURES, 299, 299, 3), np.float32)
    files = sorted((shared / "data" / "fashion" / "images").iterdir())[:FILES]
    speeds: Speeds = {name: [] for name in (*networks, "files")}
    for embed in networks.values():
        embed(pixels)  # the first time sets up
    for _ in range(TURNS):
        for name, embed in networks.items():
            started = time.monotonic()
            embed(pixels)
            speeds[name].append(PICTURES / (time.monotonic() - started))
        speeds["files"].append(files_to_cache(files, backbone))
    print(json.dumps(speeds))


def files_to_cache(files: list[Path], backbone: Backbone) -> float:
    """Tell how many different pictures a second go from their files into a cache."""
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
