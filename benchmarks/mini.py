"""The embedded network beside Inception v3, classic features and two networks of its size.

All of them are backbones here: from files to cache, then the images categorizer.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.catalogues import ours, read_catalogue
from benchmarks.common import ROOT, Row, measure
from benchmarks.crawling import demo_shop
from benchmarks.embedding import files_to_cache
from benchmarks.folds import Flipkart, folds, read_flipkart
from product_classifier.backbones.backbone import Backbone, load_backbone
from product_classifier.backbones.onnx import onnx_embed
from product_classifier.backbones.student import MINI_FILE, read_student, save_student
from product_classifier.features.dataset_features import picture_features
from product_classifier.models.training import predict, train
from product_classifier.records import Dataset

TURNS = 5
SEEDS = 3
MEGABYTE = 10**6
DEMO_PRODUCTS = 2500  # more than the demo's default, so that the test part is large enough
SMALLER_SIZE = 112
SMALLER = f"mini at {SMALLER_SIZE} pixels"
BELOW = {"MobileNetV2", SMALLER}  # labelled below their points, which are close to others
PLOT = ROOT / "results" / "mini.svg"
SMALL = {
    "EfficientNet-Lite0": "efficientnet_lite0_int8w.onnx",
    "MobileNetV2": "mobilenet_v2_1.0_ptq_int8w.onnx",
}


def run(shared: Path) -> Iterator[Row]:
    """Measure size, speed, and accuracy on three catalogues; plot the trade-off."""
    with tempfile.TemporaryDirectory() as place:
        files = {
            "mini": MINI_FILE,
            "Inception v3": shared / "weights" / "inception_v3",
            SMALLER: at_size(SMALLER_SIZE, Path(place) / "smaller.npz"),
        }
        networks = {name: load_backbone(str(file)) for name, file in files.items()}
    files[SMALLER] = MINI_FILE  # the same weights
    for name, file in SMALL.items():
        files[name] = shared / "weights" / "small" / file
        networks[name] = rival(files[name])
    networks["HOG"] = classic_features()
    megabytes = {name: size(file) / MEGABYTE for name, file in files.items()}
    small = megabytes["mini"] <= 10
    yield Row("mini: weights", f"{megabytes['mini']:.1f} MB", "", "<= 10 MB", small)
    difference = beside_onnx_runtime(networks["mini"])
    yield Row(
        "mini: TensorFlow and ONNX Runtime", f"{difference:.0e}", "", "<= 1e-4", difference <= 1e-4
    )
    speeds = turns(shared, networks)
    yield from speed_rows(speeds)
    right: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        csv = shared / "data" / "fashion" / "products.csv"
        fashion = read_catalogue(Path(place), "--from", csv)
        shares = {name: accuracy(fashion, Path(place), each) for name, each in networks.items()}
        right["fashion"] = shares
        yield from rows("fashion", shares, 0.95)
        ahead = shares["mini"] - shares["HOG"]
        yield Row("  … points above HOG + colours", f"{100 * ahead:.1f}", "", ">= 10", ahead >= 0.1)
    with tempfile.TemporaryDirectory() as place:
        flipkart = read_flipkart(shared, Path(place))
        shares = {name: tenfold(flipkart, Path(place), each) for name, each in networks.items()}
        right["flipkart, tenfold"] = shares
        yield from rows("flipkart, 10-fold", shares, 0.9)
    with demo_shop(DEMO_PRODUCTS) as api, tempfile.TemporaryDirectory() as place:
        drawn = read_catalogue(Path(place), *api)
        shares = {name: accuracy(drawn, Path(place), each) for name, each in networks.items()}
        right["demo"] = shares
        yield from rows(f"demo, {DEMO_PRODUCTS:,} drawings", shares, 0.9)
    plot_tradeoff(
        {name: statistics.median(taken) for name, taken in speeds.items()}, right, megabytes
    )
    with tempfile.TemporaryDirectory() as place:
        seconds = measure("-m", "demo", "--folder", Path(place) / "demo").seconds
        yield Row("demo, with pictures", f"{seconds:.0f} s", "", "<= 300 s", seconds <= 300)


def rows(catalogue: str, shares: dict[str, float], share: float) -> Iterator[Row]:
    """Compare mini's accuracy with those of the other networks."""
    mini, teacher = shares["mini"], shares["Inception v3"]
    figure = f"images, {catalogue}, accuracy"
    beside = f"{mini:.2%} = {mini / teacher:.3f} x", f"Inception v3 {teacher:.2%}"
    yield Row(figure, *beside, f">= {share} x", mini >= share * teacher)
    for name, value in shares.items():
        if name not in ("mini", "Inception v3"):
            yield Row("  … beside", f"{mini:.2%}", f"{name} {value:.2%}", "reported")


def turns(shared: Path, networks: dict[str, Backbone]) -> dict[str, list[float]]:
    """Return pictures per second from files to cache, on all cores; contenders take turns."""
    files = sorted((shared / "data" / "fashion" / "images").iterdir())
    speeds: dict[str, list[float]] = {name: [] for name in networks}
    for turn in range(TURNS + 1):
        for name, backbone in networks.items():
            speed = files_to_cache(files[: 80 if name == "Inception v3" else 480], backbone)
            if turn:  # the first turn is a warm-up
                speeds[name].append(speed)
    return speeds


def speed_rows(speeds: dict[str, list[float]]) -> Iterator[Row]:
    """Compare speeds within a turn."""
    for name in speeds:
        if name != "mini":
            ratio = statistics.median(
                a / b for a, b in zip(speeds["mini"], speeds[name], strict=True)
            )
            mini, other = (statistics.median(speeds[each]) for each in ("mini", name))
            bar, met = (">= 8 x", ratio >= 8) if name == "Inception v3" else ("reported", None)
            figure = f"files to cache on {os.cpu_count()} core(s)"
            yield Row(figure, f"{mini:.0f}/s = {ratio:.2f} x", f"{name} {other:.1f}/s", bar, met)


def plot_tradeoff(
    speeds: dict[str, float], right: dict[str, dict[str, float]], megabytes: dict[str, float]
) -> None:
    """Plot accuracy over speed for each catalogue; a point's area is the size of the weights."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "mini"  # the same figures give the same file
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(right), figsize=(5 * len(right), 4), layout="constrained"
    )
    for panel, (catalogue, shares) in zip(panels, right.items(), strict=True):
        for name, accuracy in shares.items():
            area = 8 + 6 * megabytes.get(name, 0)
            colour = "tab:red" if name.startswith("mini") else "tab:blue"
            panel.scatter(speeds[name], 100 * accuracy, area, colour, alpha=0.6)
            crowded = speeds[name] > 100  # there is no room on the right
            panel.annotate(
                f"{name} " if crowded else f"  {name}",
                (speeds[name], 100 * accuracy),
                ha="right" if crowded else "left",
                va="top" if name in BELOW else "bottom",
            )
        panel.set(xscale="log", title=catalogue, xlabel="pictures a second, files to cache")
        panel.margins(0.15, 0.15)
        panel.set_xticks([20, 50, 100, 200], ["20", "50", "100", "200"])
        panel.xaxis.set_minor_formatter("")
        panel.grid(which="both", alpha=0.3)
    panels[0].set_ylabel("right, %, by pictures alone")
    figure.savefig(PLOT, metadata={"Date": None})


def accuracy(dataset: Dataset, place: Path, backbone: Backbone) -> float:
    """Return the accuracy by pictures, the mean of several seeds."""
    features = picture_features(dataset.images, place / "images", backbone, place / "cache")
    return statistics.fmean(ours(dataset, features, seed, "images")[0] for seed in range(SEEDS))


def tenfold(flipkart: Flipkart, place: Path, backbone: Backbone) -> float:
    """Return the tenfold cross-validated accuracy by pictures."""
    features = picture_features(flipkart.images, flipkart.folder, backbone, place / "cache")
    labels = flipkart.labels
    right = np.zeros(len(labels), bool)
    for learning, tuning, test in folds(flipkart.where):
        singles = [(label,) for label in labels.tolist()]
        model = train(features, singles, learning, tuning, int(labels.max()) + 1)
        right[test] = predict(model, features, test)[0] == labels[test]
    return float(right.mean())


def at_size(pixels: int, file: Path) -> Path:
    """Write mini with another input size: the same weights at another speed."""
    mini, _ = read_student(MINI_FILE)
    save_student(replace(mini, shape=replace(mini.shape, size=pixels)), file)
    return file


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


def beside_onnx_runtime(mini: Backbone) -> float:
    """Return the largest difference between the outputs of TensorFlow and ONNX Runtime."""
    shape = (mini.batch_size, mini.size, mini.size, 3)
    pictures = np.random.default_rng(0).random(shape, np.float32)
    other = onnx_embed(read_student(MINI_FILE)[0])(pictures)
    return float(np.abs(mini.embed(pictures) - other).max())


def rival(file: Path) -> Backbone:
    """Return an ONNX network for pictures of 224 pixels with colours from 0 to 255."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])

    def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(session.run(["features"], {"image": pictures * np.float32(255)})[0])

    return Backbone(
        name=file.stem,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        size=224,
        width=1280,
        embed=embed,
        graph=embed,
    )


def classic_features() -> Backbone:
    """Return histograms of oriented gradients and of colours as a backbone."""
    from skimage.color import rgb2gray
    from skimage.feature import hog

    def features(picture: NDArray[np.float32]) -> NDArray[Any]:
        gradients = hog(rgb2gray(picture), pixels_per_cell=(16, 16), cells_per_block=(2, 2))
        levels = (picture.reshape(-1, 3) * 7.999).astype(int) @ (64, 8, 1)
        colours = np.bincount(levels, minlength=512) / len(levels)
        return np.concatenate([gradients, np.sqrt(colours)]).astype(np.float32)

    def embed(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([features(picture) for picture in pictures])

    width = len(features(np.zeros((128, 128, 3), np.float32)))
    return Backbone(
        name="HOG and colours",
        sha256=hashlib.sha256(b"classic").hexdigest(),
        size=128,
        width=width,
        embed=embed,
        graph=embed,
    )
