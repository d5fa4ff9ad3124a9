"""The feature cache: consistent after a kill, and checked when it is read."""

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from product_classifier.errors import StoreError
from product_classifier.store.cache import BottleneckCache, cached_vectors
from tests.conftest import sha256

A, B, C = (sha256(name.encode()) for name in "abc")


def vectors(*values: float) -> np.ndarray:
    return np.array([[value, -value] for value in values], np.float32)


def test_a_vector_is_found_by_its_picture_in_a_later_run(tmp_path: Path) -> None:
    BottleneckCache(tmp_path, 2).append([A, B], vectors(1, 2))
    later = BottleneckCache(tmp_path, 2)
    assert A in later
    assert C not in later
    assert later.rows([B, None, C, A]).tolist() == [1, -1, -1, 0]
    assert later.read().tolist() == vectors(1, 2).tolist()


@pytest.mark.parametrize("lost", [1, 31, 32, 40])
def test_a_run_killed_between_vectors_and_keys_loses_only_that_batch(
    tmp_path: Path, lost: int
) -> None:
    BottleneckCache(tmp_path, 2).append([A], vectors(1))
    BottleneckCache(tmp_path, 2).append([B], vectors(2))
    keys = tmp_path / "keys.sha256"
    keys.write_bytes(keys.read_bytes()[:-lost])
    later = BottleneckCache(tmp_path, 2)
    assert B not in later
    later.append([C], vectors(3))
    again = BottleneckCache(tmp_path, 2)
    assert again.read()[again.rows([C])].tolist() == vectors(3).tolist()


def test_a_run_killed_while_writing_vectors_loses_only_that_batch(tmp_path: Path) -> None:
    BottleneckCache(tmp_path, 2).append([A], vectors(1))
    with (tmp_path / "vectors.f32").open("ab") as file:
        file.write(b"half")
    later = BottleneckCache(tmp_path, 2)
    later.append([B], vectors(2))
    assert BottleneckCache(tmp_path, 2).read().tolist() == vectors(1, 2).tolist()


def test_two_programs_that_compute_the_same_vector_store_it_once(tmp_path: Path) -> None:
    first, second = BottleneckCache(tmp_path, 2), BottleneckCache(tmp_path, 2)
    first.append([A, B], vectors(1, 2))
    second.append([B, C, C], vectors(9, 3, 3))
    assert BottleneckCache(tmp_path, 2).read().tolist() == vectors(1, 2, 3).tolist()


def test_an_empty_cache_has_no_rows(tmp_path: Path) -> None:
    assert BottleneckCache(tmp_path / "new", 2).read().shape == (0, 2)


def test_a_cache_that_cannot_be_written_raises_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used as a cache"):
        BottleneckCache(tmp_path / "file", 2)


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> tuple[csr_matrix, list[str]]:
        self.calls += 1
        return csr_matrix(np.eye(3, dtype=np.float32)[:2]), ["red", "blue suede", "größe"]


def test_vectors_are_computed_once_for_a_key(tmp_path: Path) -> None:
    compute = Counted()
    for _ in range(2):
        found, vocabulary = cached_vectors(tmp_path / "words.npz", "key", compute)
        assert (found != compute()[0]).nnz == 0
        assert found.shape == (2, 3)
        assert vocabulary == ["red", "blue suede", "größe"]
    assert compute.calls == 3  # two of them by the comparison above


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_damaged_or_outdated_vectors_are_replaced(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "words.npz"
    cached_vectors(path, "old", Counted())
    compute = Counted()
    cached_vectors(path, "new", compute)
    path.write_bytes(damage)
    cached_vectors(path, "new", compute)
    cached_vectors(path, "new", compute)
    assert compute.calls == 2


def test_the_cache_of_another_network_is_rejected_and_unchanged(tmp_path: Path) -> None:
    BottleneckCache(tmp_path, 2, "mini").append([A], vectors(1))
    with pytest.raises(StoreError, match=r"another network \(mini, not large\); remove it"):
        BottleneckCache(tmp_path, 2, "large")
    assert BottleneckCache(tmp_path, 2, "mini").read().tolist() == vectors(1).tolist()
