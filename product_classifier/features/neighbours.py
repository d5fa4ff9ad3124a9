"""The products most alike to some products, by their features: what a person compares them with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

from product_classifier.features.dataset_features import Features
from product_classifier.features.exact_products import products, whole
from product_classifier.predictions import SimilarProduct

CHUNK = 4096  # products compared at once
ROWS = 1024  # with so many others
COMPARED = 500  # errors or suspicious labels that a person is shown the most alike products of
Floats = NDArray[np.float32]


def most_alike(
    features: Features, ids: Sequence[str], rows: NDArray[np.int64]
) -> list[SimilarProduct]:
    """Name the products that are most alike to those of some rows; ids: of all products."""
    found, similarity = nearest(features, rows)
    return [
        SimilarProduct(ids[row], rank, ids[other], float(value))
        for row, others, values in zip(rows, found, similarity, strict=True)
        for rank, (other, value) in enumerate(zip(others, values, strict=True), 1)
    ]


def nearest(
    features: Features, rows: NDArray[np.int64], k: int = 5
) -> tuple[NDArray[np.int64], Floats]:
    """Find the k products most alike to each of some, itself left out, the most alike first.

    Returns rows of the features and similarities, [rows, k] each; fewer columns where there are no
    more products. A similarity is the cosine of words or bottlenecks, 0 where the other has none;
    of both, it is the mean over those that the product has.
    """
    count = len(features.evidence())
    kept = min(k, count - 1)
    found = np.full((len(rows), kept), -1)
    best = np.full((len(rows), kept), -np.inf, np.float32)
    for start, similarity in _similarities(features, rows, count):
        here = np.arange(start, start + similarity.shape[1])
        similarity[rows[:, None] == here] = -np.inf
        joined = np.concatenate([best, similarity], axis=1)
        names = np.concatenate([found, np.broadcast_to(here, similarity.shape)], axis=1)
        most = np.argsort(-joined, axis=1, kind="stable")[:, :kept]
        best, found = (np.take_along_axis(table, most, axis=1) for table in (joined, names))
    return found, best


def closest(
    features: Features, rows: NDArray[np.int64], among: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Tell how much the most alike of other items is like each of some, [rows], itself left out.

    features: of words or of pictures alone. Words weigh by how rare they are among the others
    (inverse document frequency). 0 where there is nothing to compare.
    """
    if features.words is not None:
        count = np.bincount(features.words[among].indices, minlength=features.words.shape[1])
        rarity = np.log((1 + len(among)) / (1 + count)).astype(np.float32)
        vectors = _normal(csr_matrix(features.words @ diags_array(rarity)))
    best = np.zeros(len(rows))
    for first in range(0, len(among), CHUNK):
        others = among[first : first + CHUNK]
        if features.pictures is not None:
            shown = whole(_unit(features.pictures[others]))
        for start in range(0, len(rows), ROWS):
            some = rows[start : start + ROWS]
            if features.words is not None:
                alike = (vectors[some] @ vectors[others].T).toarray()
            elif features.pictures is not None:
                alike = products(whole(_unit(features.pictures[some])), shown)
            alike[some[:, None] == others] = 0
            best[start : start + ROWS] = np.maximum(
                best[start : start + ROWS], alike.max(axis=1, initial=0)
            )
    return best


def _similarities(
    features: Features, rows: NDArray[np.int64], count: int
) -> Iterator[tuple[int, Floats]]:
    """Compare some products with all, chunk by chunk: where it starts, and [rows, chunk]."""
    kinds = np.zeros((len(rows), 1), np.float32)
    words = pictures = None
    if features.words is not None:
        words = _normal(features.words)
        kinds += (np.diff(features.words.indptr)[rows] > 0)[:, None]
    if features.pictures is not None:
        pictures = whole(_unit(features.pictures[rows]))
        kinds += features.pictures.present[rows][:, None]
    for start in range(0, count, CHUNK):
        chunk = np.arange(start, min(start + CHUNK, count))
        similarity = np.zeros((len(rows), len(chunk)), np.float32)
        if words is not None:
            similarity += (words[rows] @ words[chunk].T).toarray()
        if pictures is not None and features.pictures is not None:
            similarity += products(pictures, whole(_unit(features.pictures[chunk])))
        yield start, np.asarray(similarity / np.maximum(kinds, 1), np.float32)


def _normal(words: csr_matrix) -> csr_matrix:
    """Scale vectors of words to length 1."""
    length = np.sqrt(words.multiply(words).sum(axis=1).A1)
    scale = np.repeat(1 / np.where(length > 0, length, 1), np.diff(words.indptr))
    return csr_matrix(
        (words.data * scale.astype(np.float32), words.indices, words.indptr), words.shape
    )


def _unit(vectors: Floats) -> Floats:
    """Scale vectors to length 1; what is zero stays so."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, np.finfo(np.float32).tiny))
