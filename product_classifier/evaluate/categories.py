"""Precision, recall, F1 and confusions of each category, and their averages.

Products are rows 0..n-1. Their true categories are pairs of a row and a category, each pair once; a
prediction is right if it is any of the true categories. A right product counts for the category it
was predicted as and is left out of the recall of its other categories, since nobody would move it;
a wrong product counts against all of its true categories, and a product without true categories
against its prediction alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from product_classifier.predictions import PredictedPaths


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFigures:
    """The metrics of every category, [categories] each; nan for 0 / 0."""

    support: NDArray[np.int64]  # products with this category among their true ones
    relevant: NDArray[np.int64]  # the same without products rightly predicted as another category
    predicted: NDArray[np.int64]  # products predicted as this category
    true_positives: NDArray[np.int64]
    precision: NDArray[np.float64]  # true positives / predicted
    recall: NDArray[np.float64]  # true positives / relevant
    f1: NDArray[np.float64]  # harmonic mean; nan where precision or recall is
    coverage: NDArray[np.float64]  # share of the predicted that the threshold accepts


@dataclass(frozen=True, slots=True)
class Average:
    """Precision, recall and their harmonic mean, 0 to 1; nan for 0 / 0."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Averages:
    """The averages over all categories."""

    micro: Average  # every product weighs the same
    macro: Average  # every category with something to recall weighs the same
    weighted: Average  # every category weighs what it has to recall


@dataclass(frozen=True, kw_only=True)
class CategoryEvaluation:
    """The metrics of each category of an experiment; arrays are indexed by category."""

    worst_first: NDArray[np.int64]  # categories that are true or predicted for a product
    figures: CategoryFigures
    covered: dict[
        float, NDArray[np.float64]
    ]  # by target, share accepted of the products predicted as it
    confused: dict[
        int, list[tuple[int, int]]
    ]  # by true category: predicted category, products; most first
    averages: Averages
    hierarchical: Average


def evaluate_categories(
    tested: PredictedPaths, thresholds: Mapping[float, float]
) -> CategoryEvaluation:
    """Return the metrics of each category on the test products; thresholds: by target accuracy.

    The lowest F1 comes first, on ties the category with the most products.
    """
    predicted, score = tested.answers[:, 0], tested.score[:, 0]
    pairs, count = (tested.row, tested.truth), len(tested.above)
    figures = per_category(predicted, score, *pairs, count)
    confused: dict[int, list[tuple[int, int]]] = {}
    for true, other, products in confused_with(predicted, *pairs, k=len(tested.row)):
        confused.setdefault(true, []).append((other, products))
    present = np.flatnonzero(figures.support + figures.predicted)
    order = np.lexsort((-figures.support[present], np.nan_to_num(figures.f1[present])))
    return CategoryEvaluation(
        worst_first=present[order],
        figures=figures,
        covered={
            target: per_category(predicted, score, *pairs, count, threshold).coverage
            for target, threshold in thresholds.items()
        },
        confused=confused,
        averages=averages(figures),
        hierarchical=hierarchical(predicted, *pairs, tested.above),
    )


def per_category(
    predicted: NDArray[np.int64],
    score: NDArray[np.float64],
    truth_row: NDArray[np.int64],
    truth_category: NDArray[np.int64],
    categories: int,
    threshold: float | None = None,
) -> CategoryFigures:
    """Return the metrics of each category.

    predicted, score: [n]. truth_row, truth_category: [pairs]. Categories are 0..categories-1.
    threshold: accept where score >= threshold; None: accept nothing, coverage is nan.
    """
    hit, right = _right(predicted, truth_row, truth_category)

    def count(category: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(category, minlength=categories)

    all_predicted, hits = count(predicted), count(truth_category[hit])
    relevant = count(truth_category[hit | ~right[truth_row]])
    if threshold is None:
        coverage = np.full(categories, np.nan)
    else:
        coverage = _share(count(predicted[score >= threshold]), all_predicted)
    precision, recall, f1 = _rates(hits, all_predicted, relevant)
    return CategoryFigures(
        support=count(truth_category),
        relevant=relevant,
        predicted=all_predicted,
        true_positives=hits,
        precision=precision,
        recall=recall,
        f1=f1,
        coverage=coverage,
    )


def averages(figures: CategoryFigures) -> Averages:
    """Return averages; categories without relevant products count in micro precision only.

    An undefined precision or f1 counts as 0 in macro and weighted, as in scikit-learn with
    zero_division=0.
    """
    relevant = figures.relevant
    each = np.nan_to_num(np.stack([figures.precision, figures.recall, figures.f1]))
    macro, weighted = (
        Average(*map(float, _share(each @ weight, weight.sum())))
        for weight in ((relevant > 0).astype(np.int64), relevant)
    )
    micro = _average(figures.true_positives.sum(), figures.predicted.sum(), relevant.sum())
    return Averages(micro, macro, weighted)


def confused_with(
    predicted: NDArray[np.int64],
    truth_row: NDArray[np.int64],
    truth_category: NDArray[np.int64],
    k: int = 10,
) -> list[tuple[int, int, int]]:
    """Return the k most frequent confusions: (true, predicted, products), most frequent first.

    Arrays as in per_category. A wrong product counts once with each of its true categories. Ties
    are in the order of the categories.
    """
    _, right = _right(predicted, truth_row, truth_category)
    wrong = ~right[truth_row]
    width = predicted.max(initial=0) + np.int64(1)
    pair = truth_category[wrong] * width + predicted[truth_row[wrong]]
    distinct, products = np.unique(pair, return_counts=True)
    most = np.argsort(-products, kind="stable")[:k]
    true, other = np.divmod(distinct[most], width)
    return list(zip(true.tolist(), other.tolist(), products[most].tolist(), strict=True))


def hierarchical(
    predicted: NDArray[np.int64],
    truth_row: NDArray[np.int64],
    truth_category: NDArray[np.int64],
    ancestors: NDArray[np.int64],
) -> Average:
    """Return hierarchical precision, recall and F1: the overlap of predicted and true paths.

    hP = Σ|P ∩ T| / Σ|P| and hR = Σ|P ∩ T| / Σ|T|, where P and T hold the predicted and the true
    category and their ancestors, without the root (Kiritchenko, Matwin and Famili, Functional
    Annotation of Genes Using Hierarchical Text Categorization, 2005). Of several true
    categories the one with the largest overlap counts, on ties the one with the shortest path;
    without true categories, T is empty.

    ancestors: [categories, depths], each category and its ancestors without the root, -1 beyond.
    The other arrays as in per_category.
    """
    length = (ancestors >= 0).sum(axis=1)
    categories, longest = len(ancestors), length.max(initial=0) + 1
    distinct, pair = np.unique(
        predicted[truth_row] * np.int64(categories) + truth_category, return_inverse=True
    )
    paths, true_paths = ancestors[distinct // categories], ancestors[distinct % categories]
    same = paths[:, :, None] == np.where(true_paths < 0, -2, true_paths)[:, None, :]
    shared = same.sum(axis=(1, 2))
    # one number that is largest for the true category that counts
    rank = shared * longest + longest - 1 - length[distinct % categories]
    best = np.full(len(predicted), -1)
    np.maximum.at(best, truth_row, rank[pair])
    best = best[best >= 0]
    true = (longest - 1 - best % longest).sum()
    return _average((best // longest).sum(), length[predicted].sum(), true)


def _right(
    predicted: NDArray[np.int64], row: NDArray[np.int64], category: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether each pair is the prediction, [pairs], and each product is right, [n]."""
    hit = predicted[row] == category
    return hit, np.bincount(row[hit], minlength=len(predicted)) > 0


def _share(
    part: NDArray[np.int64] | NDArray[np.float64], whole: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return part / whole; nan for 0 / 0."""
    with np.errstate(invalid="ignore"):
        return np.divide(part, whole)


def _rates(
    hits: NDArray[np.int64], predicted: NDArray[np.int64], relevant: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return precision, recall and f1 of counts."""
    precision, recall = _share(hits, predicted), _share(hits, relevant)
    f1 = _share(2 * hits, predicted + relevant)
    return precision, recall, np.where(np.isnan(precision + recall), np.nan, f1)


def _average(
    hits: NDArray[np.int64], predicted: NDArray[np.int64], relevant: NDArray[np.int64]
) -> Average:
    return Average(*map(float, _rates(hits, predicted, relevant)))
