"""146,000 generated products: vectorise, train and predict, each contender as a whole process.

The toolkit's code from texts to predictions is compared with scikit-learn's CountVectorizer and
SGDClassifier with default settings. Both get the same texts and training rows, and are measured
from their imports to the last prediction, without generating the texts.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, measure
from product_classifier.models.experiment import peak_bytes

PRODUCTS, LEAVES, VOCABULARY, TOKENS = 146_000, 156, 80_000, 60
SIBLINGS = 12  # leaves below one parent, whose words they share
OWN_WORDS = 300  # of a leaf, half of them its parent's
OWN_SHARE = 0.06  # of a product's tokens
TRAIN, TUNING = 0.8, 0.85
GIB = 2**30
Predictions = tuple[NDArray[np.bool_], NDArray[np.int64]]  # which rows, the predicted leaves


def run(shared: Path) -> Iterator[Row]:
    """Measure each contender in a process of its own."""
    ours, peer = (
        json.loads(measure("-m", "benchmarks.scale", name).output.splitlines()[-1])
        for name in ("ours", "peer")
    )
    figure = "words, 146,000 products, 156 leaves"
    yield Row(
        f"{figure}: peak memory",
        f"{ours['peak'] / GIB:.2f} GiB",
        f"{peer['peak'] / GIB:.2f} GiB",
        "<= 1.5 GiB",
        ours["peak"] <= 1.5 * GIB,
    )
    ratio = ours["seconds"] / peer["seconds"]
    yield Row(
        f"{figure}: time",
        f"{ours['seconds']:.1f} s = {ratio:.2f} x",
        f"{peer['seconds']:.1f} s",
        "<= 1.5 x",
        ratio <= 1.5,
    )
    yield Row(
        f"{figure}: accuracy",
        f"{ours['accuracy']:.2%}",
        f"{peer['accuracy']:.2%}",
        "above",
        ours["accuracy"] > peer["accuracy"],
    )


def generate(seed: int = 0) -> tuple[list[str], NDArray[np.int64]]:
    """Return texts of Zipf-distributed words, a few of them typical of the leaf, and leaves."""
    rng = np.random.default_rng(seed)
    words = np.array([f"w{k:x}" for k in rng.permutation(VOCABULARY)])
    common, own = _zipf(VOCABULARY), _zipf(OWN_WORDS)
    frequent = VOCABULARY // 4
    of_parent = rng.integers(0, frequent, (-(-LEAVES // SIBLINGS), OWN_WORDS))
    of_leaf = rng.integers(0, frequent, (LEAVES, OWN_WORDS))
    shared = rng.random((LEAVES, OWN_WORDS)) < 0.5
    of_leaf = np.where(shared, of_parent[np.arange(LEAVES) // SIBLINGS], of_leaf)
    leaves = rng.integers(0, LEAVES, PRODUCTS)
    texts: list[str] = []
    for start in range(0, PRODUCTS, 10_000):
        chunk = leaves[start : start + 10_000]
        shape = (len(chunk), TOKENS)
        tokens = np.searchsorted(common, rng.random(shape))
        ranks = np.searchsorted(own, rng.random(shape))
        special = np.take_along_axis(of_leaf[chunk], ranks, axis=1)
        tokens = np.where(rng.random(shape) < OWN_SHARE, special, tokens)
        texts += [" ".join(row) for row in words[tokens]]
    return texts, leaves


def _zipf(count: int) -> NDArray[np.float64]:
    """Return the cumulative Zipf distribution over `count` words."""
    shares = 1 / np.arange(1, count + 1)
    cumulated = np.cumsum(shares / shares.sum())
    cumulated[-1] = 1
    return np.asarray(cumulated)


def ours(texts: list[str], leaves: NDArray[np.int64], where: NDArray[np.float64]) -> Predictions:
    """Return predictions by the toolkit."""
    from product_classifier.features.dataset_features import Features
    from product_classifier.features.text_vectors import vectorize
    from product_classifier.models.training import predict, train

    learning = np.flatnonzero(where < TRAIN)
    tuning = np.flatnonzero((where >= TRAIN) & (where < TUNING))
    test = np.flatnonzero(where >= 0.9)
    features = Features(words=vectorize(texts, where < TRAIN).vectors)
    labels = [(leaf,) for leaf in leaves.tolist()]
    model = train(features, labels, learning, tuning, LEAVES)
    return where >= 0.9, predict(model, features, test)[0]


def peer(texts: list[str], leaves: NDArray[np.int64], where: NDArray[np.float64]) -> Predictions:
    """Return predictions by scikit-learn."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import SGDClassifier

    learning, test = np.flatnonzero(where < TRAIN), np.flatnonzero(where >= 0.9)
    vectorizer = CountVectorizer(binary=True, max_features=20_000)
    features = vectorizer.fit_transform([texts[row] for row in learning])
    model = SGDClassifier(loss="log_loss", random_state=0).fit(features, leaves[learning])
    return where >= 0.9, model.predict(vectorizer.transform([texts[row] for row in test]))


def main(contender: Callable[..., Predictions]) -> None:
    """Measure a contender, and print time, peak memory and accuracy as JSON."""
    texts, leaves = generate()
    where = np.random.default_rng(1).random(PRODUCTS)
    started = time.monotonic()
    tested, predicted = contender(texts, leaves, where)
    seconds = time.monotonic() - started
    accuracy = float(np.mean(predicted == leaves[tested]))
    print(json.dumps({"seconds": seconds, "peak": peak_bytes(), "accuracy": accuracy}))


if __name__ == "__main__":
    main({"ours": ours, "peer": peer}[sys.argv[1]])
