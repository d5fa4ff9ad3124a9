"""Most similar products, compared with a search over every pair."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.features import neighbours
from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.features.neighbours import highest_similarity, nearest

COUNT = 40


def drawn(seed: int, words: bool, pictures: bool) -> Features:
    rng = np.random.default_rng(seed)
    bag = (rng.random((COUNT, 12)) < 0.3).astype(np.float32)
    bag[3] = 0
    rows = np.where(np.arange(COUNT) % 7 == 0, -1, np.arange(COUNT))
    vectors = rng.normal(0, 1, (COUNT, 6)).astype(np.float32)
    return Features(
        csr_matrix(bag) if words else None, Bottlenecks(vectors, rows, ()) if pictures else None
    )


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    length = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / length) if length else 0.0


def by_pairs(features: Features, row: int, other: int) -> float:
    cosines = []
    if features.words is not None and features.words[row].nnz:
        cosines.append(cosine(features.words[row].toarray()[0], features.words[other].toarray()[0]))
    if features.pictures is not None and features.pictures.present[row]:
        pair = features.pictures[np.array([row, other])]
        cosines.append(cosine(pair[0], pair[1]))
    return float(np.mean(cosines)) if cosines else 0.0


@pytest.mark.parametrize(("words", "pictures"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("chunk", [1, 16, 4096])
def test_the_nearest_products_are_those_of_a_search_over_every_pair(
    words: bool, pictures: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", chunk)
    features = drawn(chunk, words, pictures)
    rows = np.array([0, 3, 5, 21])
    neighbour_rows, similarity = nearest(features, rows, k=4)
    for row, others, values in zip(
        rows.tolist(), neighbour_rows.tolist(), similarity.tolist(), strict=True
    ):
        pairs = [(by_pairs(features, row, other), other) for other in range(COUNT) if other != row]
        assert values == pytest.approx(sorted((s for s, _ in pairs), reverse=True)[:4], abs=1e-6)
        assert values == pytest.approx([by_pairs(features, row, o) for o in others], abs=1e-6)
        assert row not in others


def test_a_product_has_at_most_all_others_as_neighbours() -> None:
    two = Features(csr_matrix(np.eye(2, dtype=np.float32)))
    neighbour_rows, similarity = nearest(two, np.array([0]), k=5)
    assert neighbour_rows.tolist() == [[1]]
    assert similarity.tolist() == [[0]]
    none, _ = nearest(two, np.array([], dtype=np.int64))
    assert none.shape == (0, 1)


def test_the_highest_similarity_weights_words_by_rarity() -> None:
    bags = np.array(
        [[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]],
        np.float32,
    )
    features = Features(words=csr_matrix(bags))
    rows, among = np.array([0, 3, 4, 5]), np.array([1, 2, 3, 0])
    count = bags[among].sum(axis=0)
    weighed = bags * np.log((1 + len(among)) / (1 + count))
    expected = [
        max((cosine(weighed[row], weighed[other]) for other in among if other != row), default=0)
        for row in rows
    ]
    assert highest_similarity(features, rows, among) == pytest.approx(expected, abs=1e-6)
    assert highest_similarity(features, rows, among)[2:].tolist() == [0, 0]  # nothing in common


def test_a_picture_is_not_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", 2)
    monkeypatch.setattr(neighbours, "ROWS", 2)
    vectors = np.random.default_rng(0).random((7, 3)).astype(np.float32)
    features = Features(pictures=Bottlenecks(vectors, np.arange(7), ()))
    rows, among = np.array([6, 0, 3]), np.array([0, 1, 2, 3, 4])
    expected = [
        max(cosine(vectors[row], vectors[other]) for other in among if other != row) for row in rows
    ]
    assert highest_similarity(features, rows, among) == pytest.approx(expected, abs=1e-6)
