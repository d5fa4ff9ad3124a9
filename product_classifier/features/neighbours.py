"""Nearest neighbours of products by their features: similar products for a person to compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags_array

from product_classifier.features.dataset_features import Features
from product_classifier.features.exact_products import products, to_integers
from product_classifier.predictions import SimilarProduct

CHUNK = 4096  # candidates compared at once
ROWS = 1024  # products compared with a chunk of candidates at once
COMPARED = 500  # errors or suspicious labels for which similar products are recorded
Floats = NDArray[np.float32]


def most_alike(
    features: Features, ids: Sequence[str], rows: NDArray[np.int64]
) -> list[SimilarProduct]:
    """Return the products most similar to those in rows, by id; ids: [products]."""
    neighbours, similarity = nearest(features, rows)
    return [
        SimilarProduct(ids[row], rank, ids[other], float(value))
        for row, others, values in zip(rows, neighbours, similarity, strict=True)
        for rank, (other, value) in enumerate(zip(others, values, strict=True), 1)
    ]


def nearest(
    features: Features, rows: NDArray[np.int64], k: int = 5
) -> tuple[NDArray[np.int64], Floats]:
    """Return the k products most similar to each product in rows, and their similarities.

    Both are [rows, k], or [rows, products - 1] if that is less; the most similar comes first, and
    a product is not its own neighbour. The similarity is the cosine of words or of bottlenecks, 0
    if the other product has none; for features of both kinds it is the mean over the kinds that the
    product in `rows` has.
    """
    count = len(features.has_features())
    width = min(k, count - 1)
    neighbours = np.full((len(rows), width), -1)
    best = np.full((len(rows), width), -np.inf, np.float32)
    for start, similarity in _similarities(features, rows, count):
        chunk = np.arange(start, start + similarity.shape[1])
        similarity[rows[:, None] == chunk] = -np.inf
        joined = np.concatenate([best, similarity], axis=1)
        candidates = np.concatenate([neighbours, np.broadcast_to(chunk, similarity.shape)], axis=1)
        order = np.argsort(-joined, axis=1, kind="stable")[:, :width]
        best = np.take_along_axis(joined, order, axis=1)
        neighbours = np.take_along_axis(candidates, order, axis=1)
    return neighbours, best


def highest_similarity(
    features: Features, rows: NDArray[np.int64], among: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return each item's cosine similarity to the most similar other item in `among`, [rows].

    features: of words or of pictures alone. Words are weighted by their inverse document frequency
    in `among`. An item is not compared with itself; the similarity is 0 if there is nothing to
    compare.
    """
    if features.words is not None:
        count = np.bincount(features.words[among].indices, minlength=features.words.shape[1])
        rarity = np.log((1 + len(among)) / (1 + count)).astype(np.float32)
        vectors = _normal(csr_matrix(features.words @ diags_array(rarity)))
    best = np.zeros(len(rows))
    for first in range(0, len(among), CHUNK):
        others = among[first : first + CHUNK]
        if features.pictures is not None:
            pictures = to_integers(_unit(features.pictures[others]))
        for start in range(0, len(rows), ROWS):
            block = rows[start : start + ROWS]
            if features.words is not None:
                similarity = (vectors[block] @ vectors[others].T).toarray()
            elif features.pictures is not None:
                similarity = products(to_integers(_unit(features.pictures[block])), pictures)
            similarity[block[:, None] == others] = 0
            best[start : start + ROWS] = np.maximum(
                best[start : start + ROWS], similarity.max(axis=1, initial=0)
            )
    return best


def _similarities(
    features: Features, rows: NDArray[np.int64], count: int
) -> Iterator[tuple[int, Floats]]:
    """Yield the start of each chunk of all products, and similarities to them, [rows, chunk]."""
    kinds = np.zeros((len(rows), 1), np.float32)
    words = pictures = None
    if features.words is not None:
        words = _normal(features.words)
        kinds += (np.diff(features.words.indptr)[rows] > 0)[:, None]
    if features.pictures is not None:
        pictures = to_integers(_unit(features.pictures[rows]))
        kinds += features.pictures.present[rows][:, None]
    for start in range(0, count, CHUNK):
        chunk = np.arange(start, min(start + CHUNK, count))
        similarity = np.zeros((len(rows), len(chunk)), np.float32)
        if words is not None:
            similarity += (words[rows] @ words[chunk].T).toarray()
        if pictures is not None and features.pictures is not None:
            similarity += products(pictures, to_integers(_unit(features.pictures[chunk])))
        yield start, np.asarray(similarity / np.maximum(kinds, 1), np.float32)


def _normal(words: csr_matrix) -> csr_matrix:
    """Return word vectors scaled to length 1; zero vectors stay zero."""
    length = np.sqrt(words.multiply(words).sum(axis=1).A1)
    scale = np.repeat(1 / np.where(length > 0, length, 1), np.diff(words.indptr))
    return csr_matrix(
        (words.data * scale.astype(np.float32), words.indices, words.indptr), words.shape
    )


def _unit(vectors: Floats) -> Floats:
    """Return vectors scaled to length 1; zero vectors stay zero."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, np.finfo(np.float32).tiny))
