"""All models on the same products: words, images and both, beside peers in the same run."""

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
from product_classifier.features.cleaning import TextSettings
from product_classifier.features.dataset_features import Features
from product_classifier.features.text_vectors import vectorize
from product_classifier.models.choices import WORD_MODELS, Choices
from product_classifier.models.fits import fit_of
from product_classifier.models.scaling import Scaling
from product_classifier.models.training import predict, train

WORDS = ("network", "logistic", "forest", "linear", "embedding", "sequence", "blend")
HEADS: Mapping[str, tuple[int, ...]] = {"softmax": (), "dense:256": (256,)}
BOTH = (
    Choices(kind="both", fusion="concat"),
    Choices(kind="both", fusion="product"),
    Choices(kind="both", fusion="concat-dense"),
    Choices(kind="both", fusion="late", model="linear"),
    Choices(kind="both", fusion="stack", model="linear"),
)
BOTH_TITLE = "both, {}, accuracy / coverage at 98%"
Figures = tuple[float, float]  # accuracy, coverage
SIGNIFICANT = 0.05  # largest p of a test of two models


def run(shared: Path) -> Iterator[Row]:
    """Measure words, then images, then both."""
    with tempfile.TemporaryDirectory() as place:
        catalogues = read_catalogues(shared, Path(place))
        yield from words("instacart", catalogues["instacart"], 0.95)
        yield from words("flipkart, 10-fold", catalogues["flipkart"], 0.98)
        yield from images("fashion", catalogues["fashion"])
        yield from images("flipkart, 10-fold", catalogues["flipkart"])
        yield from both("flipkart, 10-fold", catalogues["flipkart"])
        yield from both("fashion, 3 words", catalogues["fashion, 3 words"])
        # with 888 test products, coverage is uncertain by ten points; so all 9,328 are tested
        folded = crossed(catalogues["fashion, 3 words"])
        yield from beside_modalities("fashion, 3 words, 5-fold", folded, BOTH[:1])


def words(name: str, catalogue: Catalogue, target: float) -> Iterator[Row]:
    """Compare the toolkit's word models with the peers'."""
    title = f"words, {name}, accuracy / coverage at {target:.0%}"
    by_peer = {
        peer: evaluated(
            catalogue,
            lambda cut, guess=guess: guess(  # type: ignore[misc]
                catalogue.read, catalogue.labels, np.union1d(cut[0], cut[1]), cut[2]
            ),
        )
        for peer, guess in peers.WORDS.items()
    }
    for peer, scored in by_peer.items():
        yield Row(f"{title}: {peer}", "", percent(figures(scored, target)), "reported")
    best = [max(figures(scored, target)[k] for scored in by_peer.values()) for k in (0, 1)]
    ours = {}
    for model in WORDS:
        started = time.monotonic()
        ours[model] = figures(judged(catalogue, Choices(kind="words", model=model)), target)
        seconds = time.monotonic() - started
        yield Row(f"{title}: {model}, {seconds:.0f} s", percent(ours[model]), "", "reported")
    yield winner(title, ours, (best[0], best[1]))


def images(name: str, catalogue: Catalogue) -> Iterator[Row]:
    """Compare the toolkit's heads with tuned logistic regression on the same bottlenecks."""
    title = f"images, {name}, accuracy / coverage at 98%"
    scored = evaluated(
        catalogue,
        lambda cut: peers.tuned_logistic(
            inputs(catalogue, cut, with_words=False), catalogue.labels, *cut
        ),
    )
    peer = figures(scored, 0.98)
    yield Row(f"{title}: logistic", "", percent(peer), "reported")
    ours = {}
    for layers, head in HEADS.items():
        ours[layers] = figures(judged(catalogue, Choices(kind="images", head=head)), 0.98)
        yield Row(f"{title}: {layers}", percent(ours[layers]), "", "reported")
    yield winner(title, ours, peer)


def both(name: str, catalogue: Catalogue) -> Iterator[Row]:
    """Compare each combination with its parts, and with logistic regression on both."""
    peer = evaluated(
        catalogue, lambda cut: peers.tuned_logistic(inputs(catalogue, cut), catalogue.labels, *cut)
    )
    yield Row(f"{BOTH_TITLE.format(name)}: logistic", "", percent(figures(peer, 0.98)), "reported")
    yield from beside_modalities(name, catalogue, BOTH)


def beside_modalities(
    name: str, catalogue: Catalogue, combinations: Sequence[Choices]
) -> Iterator[Row]:
    """Compare combinations with words and images alone."""
    title = BOTH_TITLE.format(name)
    modalities = {
        "words, linear": judged(catalogue, Choices(kind="words", model="linear")),
        "images": judged(catalogue, Choices(kind="images")),
    }
    for modality, scored in modalities.items():
        yield Row(f"{title}: {modality}", percent(figures(scored, 0.98)), "", "reported")
    group = catalogue.group[catalogue.tested]
    for choices in combinations:
        scored = judged(catalogue, choices)
        mine = figures(scored, 0.98)
        against = {
            modality: compare(alone, scored, group, (0.98,))
            for modality, alone in modalities.items()
        }
        met = all(better(comparison) for comparison in against.values())
        yield Row(
            f"{title}: {choices.fusion}",
            percent(mine),
            gains(against),
            "both better, p < 0.05",
            met,
        )


def winner(title: str, ours: Mapping[str, Figures], peer: Figures) -> Row:
    """Compare the toolkit's most accurate model with the best figures of the peers."""
    best = max(ours, key=ours.__getitem__)
    met = all(a >= b for a, b in zip(ours[best], peer, strict=True))
    return Row(f"{title}: best, {best}", percent(ours[best]), percent(peer), ">= peers", met)


def judged(catalogue: Catalogue, choices: Choices) -> Scored:
    """Train and test a model of the toolkit on each split."""

    def guess(cut: tuple[Rows, Rows, Rows]) -> Guessed:
        features = features_of(catalogue, choices, cut[0])
        labels = [(label,) for label in catalogue.labels.tolist()]
        classes = int(catalogue.labels.max()) + 1
        trained = train(features, labels, cut[0], cut[1], classes, fit=fit_of(choices))
        return predict(trained, features, cut[2])

    return evaluated(catalogue, guess)


def features_of(catalogue: Catalogue, choices: Choices, learning: Rows) -> Features:
    """Return the features of a model, with a vocabulary of the training rows alone."""
    features = Features()
    if choices.kind != "images":
        model = WORD_MODELS[choices.model]
        mask = np.zeros(len(catalogue.texts), bool)
        mask[learning] = True
        settings = TextSettings(model.vectorizer, model.clean, catalogue.limit)
        vectors, vocabulary = vectorize(catalogue.texts, mask, settings)
        features |= Features(words=vectors, vocabulary=vocabulary)
    if choices.kind != "words":
        features |= Features(pictures=catalogue.pictures)
    return features


def evaluated(catalogue: Catalogue, guess: Callable[[tuple[Rows, Rows, Rows]], Guessed]) -> Scored:
    """Return the scores of predictions on all splits, and whether they are right."""
    parts = [guess(cut) for cut in catalogue.cuts]
    guessed, score = (np.concatenate(part) for part in zip(*parts, strict=True))
    return score, guessed == catalogue.labels[catalogue.tested]


def inputs(
    catalogue: Catalogue, cut: tuple[Rows, Rows, Rows], with_words: bool = True
) -> csr_matrix | NDArray[np.float32]:
    """Return scaled bottlenecks and binary words side by side, for a peer."""
    assert catalogue.pictures
    scaling = Scaling.fit(catalogue.pictures, cut[0])
    pictures = scaling.apply(catalogue.pictures, np.arange(len(catalogue.texts)))
    if not with_words:
        return pictures
    mask = np.zeros(len(catalogue.texts), bool)
    mask[cut[0]] = True
    bag = vectorize(catalogue.texts, mask, TextSettings(limit=catalogue.limit)).vectors
    return csr_matrix(hstack([bag, csr_matrix(pictures)]))


def figures(scored: Scored, target: float) -> Figures:
    """Return accuracy, and coverage in hindsight."""
    score, right = scored
    return float(right.mean()), coverage(score, right, target).share


def better(comparison: Comparison) -> bool:
    """Return whether the second model is significantly more accurate and covers more."""
    test = comparison.mcnemar
    more = test.only_second > test.only_first
    return more and test.p < SIGNIFICANT and comparison.coverage[0.98].low > 0


def gains(against: dict[str, Comparison]) -> str:
    """Return a combination's gains over its parts in percentage points, as text."""
    return "; ".join(
        f"{100 * comparison.accuracy.observed:+.1f} (p {comparison.mcnemar.p:.3f}) / "
        f"{100 * comparison.coverage[0.98].observed:+.1f} "
        f"[{100 * comparison.coverage[0.98].low:.1f}, {100 * comparison.coverage[0.98].high:.1f}]"
        for comparison in against.values()
    )
