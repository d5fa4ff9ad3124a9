"""The head over pictures on 146,000 generated bottlenecks of 156 leaves, beside scikit-learn's.

Each contender is a process, measured from its imports to the last prediction. The bottlenecks are
generated before, into a file like that of the cache.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, measure
from benchmarks.scale import GIB, LEAVES, PRODUCTS, TRAIN, TUNING
from product_classifier.models.experiment import peak_bytes

WIDTH = 2048
PRESENT = 0.1  # share of values that are larger for a leaf
CHUNK = 4096
SECONDS = 60


def run(shared: Path) -> Iterator[Row]:
    """Measure each contender in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vectors.f32"
        leaves = generate(path)
        np.save(Path(place) / "leaves.npy", leaves)
        ours, peer = (
            json.loads(measure("-m", "benchmarks.heads", name, place).output.splitlines()[-1])
            for name in ("ours", "peer")
        )
    figure = "images' head, 146,000 products, 156 leaves"
    for name, unit, shown, most in (
        ("time", "s", 1.0, SECONDS),
        ("memory", "GiB", GIB, 2),
    ):
        mine, other = ours[name] / shown, peer[name] / shown
        yield Row(
            f"{figure}: {name}",
            f"{mine:.2f} {unit} = {mine / other:.2f} x",
            f"logistic regression {other:.2f} {unit}",
            f"<= {most} {unit}",
            mine <= most,
        )
    accuracies = f"{ours['accuracy']:.2%}", f"logistic regression {peer['accuracy']:.2%}"
    yield Row(f"{figure}: accuracy", *accuracies, "reported")


def generate(path: Path, seed: int = 0) -> NDArray[np.int64]:
    """Write small non-negative bottlenecks, some values larger by leaf; returns the leaves."""
    rng = np.random.default_rng(seed)
    raised = (rng.random((LEAVES, WIDTH)) < PRESENT).astype(np.float32)
    leaves = rng.integers(0, LEAVES, PRODUCTS)
    with path.open("wb") as file:
        for start in range(0, PRODUCTS, CHUNK):
            chunk = leaves[start : start + CHUNK]
            noise = rng.exponential(0.4, (len(chunk), WIDTH)).astype(np.float32)
            strength = rng.uniform(0, 0.5, (len(chunk), 1)).astype(np.float32)
            (noise + strength * raised[chunk]).tofile(file)
    return leaves


def ours(
    vectors: NDArray[np.float32], leaves: NDArray[np.int64], where: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return predictions of the test products by the toolkit's head."""
    from product_classifier.features.bottlenecks import Bottlenecks
    from product_classifier.features.dataset_features import Features
    from product_classifier.models.training import predict, train

    features = Features(pictures=Bottlenecks(vectors, np.arange(PRODUCTS), ()))
    learning = np.flatnonzero(where < TRAIN)
    tuning = np.flatnonzero((where >= TRAIN) & (where < TUNING))
    labels = [(leaf,) for leaf in leaves.tolist()]
    model = train(features, labels, learning, tuning, LEAVES)
    return predict(model, features, np.flatnonzero(where >= 0.9))[0]


def peer(
    vectors: NDArray[np.float32], leaves: NDArray[np.int64], where: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return predictions by scikit-learn's logistic regression on standardised values."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    learning = scaler.fit_transform(vectors[where < TRAIN])
    model = LogisticRegression(max_iter=100).fit(learning, leaves[where < TRAIN])
    return np.asarray(model.predict(scaler.transform(vectors[where >= 0.9])))


def main(contender: str, place: Path) -> None:
    """Measure a contender, and print time, memory and accuracy as JSON."""
    leaves = np.load(place / "leaves.npy", allow_pickle=False)
    vectors = np.memmap(place / "vectors.f32", "<f4", "r", shape=(PRODUCTS, WIDTH))
    where = np.random.default_rng(1).random(PRODUCTS)
    started = time.monotonic()
    predicted = {"ours": ours, "peer": peer}[contender](vectors, leaves, where)
    seconds = time.monotonic() - started
    accuracy = float(np.mean(predicted == leaves[where >= 0.9]))
    print(json.dumps({"time": seconds, "memory": peak_bytes(), "accuracy": accuracy}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
