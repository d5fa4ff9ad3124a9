"""Every model on the same products: words, images and both, beside peers in the same run."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from benchmarks import peers
from benchmarks.common import Row, percent
from benchmarks.cuts import Catalogue, crossed, read_catalogues
from benchmarks.peers import Guessed, Rows
from product_classifier.evaluate.comparison import Comparison, Scored, compare
from product_classifier.evaluate.coverage import coverage
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import TextSettings, vectorize
from product_classifier.models.choices import WORD_MODELS, Choices, fit_of
from product_classifier.models.scaling import Scaling
from product_classifier.models.training import predict, train

WORDS = ("network", "logistic", "forest", "linear", "embedding", "sequence", "blend")
HEADS: Mapping[str, tuple[int, ...]] = {"softmax": (), "dense:256": (256,)}
BOTH = (
    Choices("both", fusion="concat"),
    Choices("both", fusion="product"),
    Choices("both", fusion="concat-dense"),
    Choices("both", fusion="late", model="linear"),
    Choices("both", fusion="stack", model="linear"),
)
BOTH_TITLE = "both, {}, accuracy / coverage at 98%"
Figures = tuple[float, float]  # accuracy, coverage
SURE = 0.05  # of a test of two models


def run(shared: Path) -> Iterator[Row]:
    """Measure words, then images, then both."""
    with tempfile.TemporaryDirectory() as place:
        known = read_catalogues(shared, Path(place))
        yield from words("instacart", known["instacart"], 0.95)
        yield from words("flipkart, 10-fold", known["flipkart"], 0.98)
        yield from images("fashion", known["fashion"])
        yield from images("flipkart, 10-fold", known["flipkart"])
        yield from both("flipkart, 10-fold", known["flipkart"])
        yield from both("fashion, 3 words", known["fashion, 3 words"])
        # 888 test products leave coverage within ten points; all 9,328 tell
        whole = crossed(known["fashion, 3 words"])
        yield from beside_halves("fashion, 3 words, 5-fold", whole, BOTH[:1])


def words(name: str, catalogue: Catalogue, target: float) -> Iterator[Row]:
    """Set our models of words beside the peers'."""
    title = f"words, {name}, accuracy / coverage at {target:.0%}"
    known = {
        peer: told(
            catalogue,
            lambda cut, guess=guess: guess(  # type: ignore[misc]
                catalogue.read, catalogue.labels, np.union1d(cut[0], cut[1]), cut[2]
            ),
        )
        for peer, guess in peers.WORDS.items()
    }
    for peer, scored in known.items():
        yield Row(f"{title}: {peer}", "", percent(figures(scored, target)), "reported")
    best = [max(figures(scored, target)[k] for scored in known.values()) for k in (0, 1)]
    ours = {}
    for model in WORDS:
        started = time.monotonic()
        ours[model] = figures(judged(catalogue, Choices("words", model=model)), target)
        seconds = time.monotonic() - started
        yield Row(f"{title}: {model}, {seconds:.0f} s", percent(ours[model]), "", "reported")
    yield winner(title, ours, (best[0], best[1]))


def images(name: str, catalogue: Catalogue) -> Iterator[Row]:
    """Set our heads beside tuned logistic regression on the same bottlenecks."""
    title = f"images, {name}, accuracy / coverage at 98%"
    joined = told(
        catalogue,
        lambda cut: peers.tuned_logistic(
            inputs(catalogue, cut, with_words=False), catalogue.labels, *cut
        ),
    )
    peer = figures(joined, 0.98)
    yield Row(f"{title}: logistic", "", percent(peer), "reported")
    ours = {}
    for layers, head in HEADS.items():
        ours[layers] = figures(judged(catalogue, Choices("images", head=head)), 0.98)
        yield Row(f"{title}: {layers}", percent(ours[layers]), "", "reported")
    yield winner(title, ours, peer)


def both(name: str, catalogue: Catalogue) -> Iterator[Row]:
    """Set each combination beside its halves, and beside logistic regression on both."""
    peer = told(
        catalogue, lambda cut: peers.tuned_logistic(inputs(catalogue, cut), catalogue.labels, *cut)
    )
    yield Row(f"{BOTH_TITLE.format(name)}: logistic", "", percent(figures(peer, 0.98)), "reported")
    yield from beside_halves(name, catalogue, BOTH)


def beside_halves(
    name: str, catalogue: Catalogue, combinations: Sequence[Choices]
) -> Iterator[Row]:
    """Set combinations beside words and images alone."""
    title = BOTH_TITLE.format(name)
    halves = {
        "words, linear": judged(catalogue, Choices("words", model="linear")),
        "images": judged(catalogue, Choices("images")),
    }
    for half, scored in halves.items():
        yield Row(f"{title}: {half}", percent(figures(scored, 0.98)), "", "reported")
    group = catalogue.group[catalogue.tested]
    for choices in combinations:
        scored = judged(catalogue, choices)
        mine = figures(scored, 0.98)
        against = {half: compare(found, scored, group, (0.98,)) for half, found in halves.items()}
        met = all(better(found) for found in against.values())
        yield Row(
            f"{title}: {choices.fusion}",
            percent(mine),
            gains(against),
            "both better, p < 0.05",
            met,
        )


def winner(title: str, ours: Mapping[str, Figures], peer: Figures) -> Row:
    """Set our most accurate model beside the best that peers have."""
    best = max(ours, key=ours.__getitem__)
    met = all(a >= b for a, b in zip(ours[best], peer, strict=True))
    return Row(f"{title}: best, {best}", percent(ours[best]), percent(peer), ">= peers", met)


def judged(catalogue: Catalogue, choices: Choices) -> Scored:
    """Train and test one of our models, cut by cut."""

    def guess(cut: tuple[Rows, Rows, Rows]) -> Guessed:
        features = features_of(catalogue, choices, cut[0])
        labels = [(label,) for label in catalogue.labels.tolist()]
        classes = int(catalogue.labels.max()) + 1
        trained = train(features, labels, cut[0], cut[1], classes, fit=fit_of(choices))
        return predict(trained, features, cut[2])

    return told(catalogue, guess)


def features_of(catalogue: Catalogue, choices: Choices, learning: Rows) -> Features:
    """Make the features that a model reads; their vocabulary sees the learning rows only."""
    features = Features()
    if choices.kind != "images":
        model = WORD_MODELS[choices.model]
        mask = np.zeros(len(catalogue.texts), bool)
        mask[learning] = True
        reading = TextSettings(model.vectorizer, model.clean, catalogue.limit)
        vectors, vocabulary = vectorize(catalogue.texts, mask, reading)
        features |= Features(words=vectors, vocabulary=vocabulary)
    if choices.kind != "words":
        features |= Features(pictures=catalogue.pictures)
    return features


def told(catalogue: Catalogue, guess: Callable[[tuple[Rows, Rows, Rows]], Guessed]) -> Scored:
    """Let somebody guess cut by cut, and judge all of it: scores and what is right."""
    found = [guess(cut) for cut in catalogue.cuts]
    guessed, score = (np.concatenate(part) for part in zip(*found, strict=True))
    return score, guessed == catalogue.labels[catalogue.tested]


def inputs(
    catalogue: Catalogue, cut: tuple[Rows, Rows, Rows], with_words: bool = True
) -> csr_matrix | NDArray[np.float32]:
    """Lay out for a peer scaled bottlenecks, and beside them binary words."""
    assert catalogue.pictures
    scaling = Scaling.fit(catalogue.pictures, cut[0])
    seen = scaling.apply(catalogue.pictures, np.arange(len(catalogue.texts)))
    if not with_words:
        return seen
    mask = np.zeros(len(catalogue.texts), bool)
    mask[cut[0]] = True
    bag = vectorize(catalogue.texts, mask, TextSettings(limit=catalogue.limit)).vectors
    return csr_matrix(hstack([bag, csr_matrix(seen)]))


def figures(scored: Scored, target: float) -> Figures:
    """Accuracy, and coverage in hindsight."""
    score, right = scored
    return float(right.mean()), coverage(score, right, target).share


def better(found: Comparison) -> bool:
    """Tell whether the second is more accurate and covers more, beyond chance."""
    more = found.mcnemar.only_second > found.mcnemar.only_first
    return more and found.mcnemar.p < SURE and found.coverage[0.98].low > 0


def gains(against: dict[str, Comparison]) -> str:
    """Write what a combination has over its halves, in points."""
    return "; ".join(
        f"{100 * found.accuracy.observed:+.1f} (p {found.mcnemar.p:.3f}) / "
        f"{100 * found.coverage[0.98].observed:+.1f} "
        f"[{100 * found.coverage[0.98].low:.1f}, {100 * found.coverage[0.98].high:.1f}]"
        for found in against.values()
    )
