"""Word vectors, from files that the tests write and from short texts."""

from __future__ import annotations

import itertools
import math
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from product_classifier.errors import FeatureError
from product_classifier.features import word_vectors
from product_classifier.features.text_vectors import vectorize
from product_classifier.features.word_vectors import read_vectors, train_vectors

Rows = Mapping[str, Sequence[float]]  # word → values
FILE: Rows = {"hat": [0.5, -1, 2], "red": [1, 0, -0.25], "new york": [3, 1, 1]}
VOCABULARY = ["belt", "hat", "new york", "red"]


def scaled(rows: Sequence[Sequence[float]]) -> NDArray[np.float32]:
    """Return rows scaled so that the mean absolute value of the nonzero rows is 0.1."""
    values = np.array(rows, np.float32)
    mean = np.float32(np.abs(values[values.any(axis=1)]).mean())
    return values / mean * np.float32(0.1)


EXPECTED = scaled([[0, 0, 0], FILE["hat"], FILE["new york"], FILE["red"]])


def write_glove(path: Path, rows: Rows) -> Path:
    """Write a word and its values per line."""
    lines = (f"{word} {' '.join(map(repr, values))}\n" for word, values in rows.items())
    path.write_text("".join(lines))
    return path


def write_fasttext(path: Path, rows: Rows) -> Path:
    """Write like word2vec's text format: first a line of counts; a space ends the other lines."""
    width = len(next(iter(rows.values())))
    lines = (f"{word} {' '.join(map(repr, values))} \n" for word, values in rows.items())
    path.write_text(f"{len(rows)} {width}\n" + "".join(lines))
    return path


def write_binary(path: Path, rows: Rows, end: bytes = b"\n") -> Path:
    """Write as word2vec does, or, with an empty end, as gensim does; words have no spaces."""
    width = len(next(iter(rows.values())))
    parts = (
        word.encode() + b" " + np.array(values, "<f4").tobytes() + end
        for word, values in rows.items()
    )
    path.write_bytes(b"%d %d\n" % (len(rows), width) + b"".join(parts))
    return path


def read(tmp_path: Path, text: str | bytes, name: str = "words.vec") -> NDArray[np.float32]:
    data = text.encode() if isinstance(text, str) else text
    (tmp_path / name).write_bytes(data)
    return read_vectors(tmp_path / name, VOCABULARY)


def refused(tmp_path: Path, text: str | bytes, name: str = "words.vec") -> str:
    """Return the error for such a file, without the file name at its beginning."""
    with pytest.raises(FeatureError) as caught:
        read(tmp_path, text, name)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / name))
    return message.removeprefix(str(tmp_path / name))


def test_fasttext_vectors_are_read_after_the_line_of_counts(tmp_path: Path) -> None:
    vectors = read_vectors(write_fasttext(tmp_path / "cc.en.vec", FILE), VOCABULARY)
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(EXPECTED)


def test_glove_vectors_are_read_from_the_first_line(tmp_path: Path) -> None:
    vectors = read_vectors(write_glove(tmp_path / "glove.txt", FILE), VOCABULARY)
    assert vectors == pytest.approx(EXPECTED)


def test_lines_may_end_with_carriage_returns(tmp_path: Path) -> None:
    text = "3 3\r\nhat 0.5 -1 2\r\nred 1 0 -0.25\r\nnew york 3 1 1\r\n"
    assert read(tmp_path, text) == pytest.approx(EXPECTED)


@pytest.mark.parametrize("end", [b"\n", b""], ids=["word2vec", "gensim"])
def test_vectors_of_a_binary_file_are_read_with_or_without_newlines(
    tmp_path: Path, end: bytes
) -> None:
    rows = {word.replace(" ", "_"): values for word, values in FILE.items()}
    path = write_binary(tmp_path / "words.bin", rows, end)
    vectors = read_vectors(path, ["belt", "hat", "new_york", "red"])
    assert vectors == pytest.approx(EXPECTED)


def test_a_binary_vector_may_contain_bytes_of_spaces_and_newlines(tmp_path: Path) -> None:
    value = float(np.frombuffer(b"\n \nA", "<f4")[0])  # 8.6
    path = write_binary(tmp_path / "words.bin", {"hat": [value, value], "red": [value, -value]})
    assert read_vectors(path, VOCABULARY)[1].tolist() == pytest.approx([0.1, 0.1])
    assert read_vectors(path, VOCABULARY)[3].tolist() == pytest.approx([0.1, -0.1])


def test_terms_missing_from_the_file_are_zeros_and_do_not_affect_the_scale(
    tmp_path: Path,
) -> None:
    vectors = read(tmp_path, "hat 1 2\nwolf 5 5\n")
    assert vectors[[0, 2, 3]].tolist() == [[0, 0]] * 3
    assert np.abs(vectors[1]).mean() == pytest.approx(0.1)


def test_terms_are_matched_case_folded_and_the_first_spelling_wins(tmp_path: Path) -> None:
    first = read(tmp_path, "Hat 1 2\nhat 7 7\nHAT 9 -9\nRED 4 4\n")
    assert first == pytest.approx(scaled([[0, 0], [1, 2], [0, 0], [4, 4]]))
    path = write_glove(tmp_path / "german.txt", {"STRASSE": [1, 2], "straße": [5, 5]})
    assert read_vectors(path, ["strasse"]) == pytest.approx(scaled([[1, 2]]))


def readings() -> list[Callable[[Path, Rows], Path]]:
    return [write_glove, write_fasttext, write_binary]


values = st.lists(st.integers(-16, 16).map(lambda k: k / 8), min_size=3, max_size=3)
words = st.text("aAbßé", min_size=1, max_size=3)


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(words, values, min_size=1, max_size=8),
    st.lists(words.map(str.casefold), unique=True, max_size=8),
    st.sampled_from(readings()),
)
def test_vectors_agree_with_a_plain_look_up(
    rows: dict[str, list[float]],
    vocabulary: list[str],
    write: Callable[[Path, Rows], Path],
) -> None:
    first: dict[str, list[float]] = {}
    for word, vector in rows.items():
        first.setdefault(word.casefold(), vector)
    sizes = [abs(value) for term in vocabulary for value in first.get(term, [])]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / ("words.bin" if write is write_binary else "words.vec"), rows)
        if not sizes:
            with pytest.raises(FeatureError, match="no vector for any"):
                read_vectors(path, vocabulary)
            return
        vectors = read_vectors(path, vocabulary)
    mean = sum(sizes) / len(sizes) or 1
    for row, term in zip(vectors.tolist(), vocabulary, strict=True):
        expected = [value / mean * 0.1 for value in first.get(term, [0, 0, 0])]
        assert row == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hat 1 2 3\nred 1 2\n", ", line 2: 2 values after 'red' where 3 are expected"),
        ("hat 1 2 3\nred 1 2 3 4\n", ", line 2: 4 values after 'red' where 3 are expected"),
        ("2 3\nhat 1 2 3\nred 1 2\n", ", line 3: 2 values after 'red' where 3 are expected"),
        ("2 3\nhat 1 2 3\nred 1 2 \n", ", line 3: 2 values after 'red' where 3 are expected"),
        ("hat 1 2 3\nred\n", ", line 2: 0 values after 'red' where 3 are expected"),
        ("hat\nred\n", ", line 1: 0 values after 'hat' where 2 are expected"),
        ("hat 1 2 3\nred 1 x 3\n", ", line 2: a value is not a number"),
        ("2 3\nhat 1 2 3\nred 1 2 \x00\n", ", line 3: a value is not a number"),
        ("hat 1 2 3\nred 1 nan 3\n", ", line 2: a value is not finite"),
        ("inf 1 2 3\nred 1 2 -inf\n", ", line 2: a value is not finite"),
    ],
)
def test_an_error_names_the_line_that_is_not_a_vector(
    tmp_path: Path, text: str, problem: str
) -> None:
    assert refused(tmp_path, text).startswith(problem)


def test_a_bad_line_is_an_error_even_if_no_term_needs_it(tmp_path: Path) -> None:
    assert refused(tmp_path, "hat 1 2\nwolf 1 x\n").startswith(", line 2: ")


@pytest.mark.parametrize("text", ["", "0 3\n", "wolf 1 2 3\nbear 3 2 1\n"])
def test_a_file_without_a_word_of_the_catalogue_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text) == (
        " has no vector for any of the 4 words of the catalogue; pass a file in its language"
    )


def test_an_error_names_a_file_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "gone.vec"
    with pytest.raises(FeatureError, match=re.escape(f"{path} cannot be read: No such file")):
        read_vectors(path, VOCABULARY)
    with pytest.raises(FeatureError, match=re.escape(f"{tmp_path} cannot be read: ")):
        read_vectors(tmp_path, VOCABULARY)


def test_a_binary_file_cut_in_a_vector_or_in_a_word_is_refused(tmp_path: Path) -> None:
    rows = {"hat": [1, 2], "red": [3, 4], "velvet": [5, 6]}
    whole = write_binary(tmp_path / "whole.bin", rows).read_bytes()
    in_vector, in_word = whole.index(b"red ") + len("red ") + 5, whole.index(b"vet")
    assert refused(tmp_path, whole[:in_vector], "cut.bin") == " ends in the middle of word 2 of 3"
    assert refused(tmp_path, whole[:in_word], "cut.bin") == " ends in the middle of word 3 of 3"


def test_a_binary_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = write_binary(tmp_path / "whole.bin", {"red": [1, 2], "hat": [3, 4]}, b"").read_bytes()
    for end in range(len(whole)):
        problem = refused(tmp_path, whole[:end], "cut.bin")
        assert re.match(" does not begin with the number| ends in the middle of word", problem)


@pytest.mark.parametrize("head", [b"", b"hat 1 2 3\n", b"2\n", b"2 0\n", b"2 x\n", b"-2 3\n"])
def test_a_binary_file_has_to_begin_with_its_size(tmp_path: Path, head: bytes) -> None:
    problem = refused(tmp_path, head + bytes(100), "words.bin")
    assert problem == " does not begin with the number of words and of values"


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_binary_value_that_is_not_finite_is_refused(tmp_path: Path, value: float) -> None:
    data = write_binary(tmp_path / "odd.bin", {"hat": [1, 2], "red": [value, 1]}).read_bytes()
    assert refused(tmp_path, data, "odd.bin") == ": a value of word 2 is not finite"


@pytest.mark.slow
def test_clothing_words_are_similar_in_real_vectors(tmp_path: Path, shared: Path) -> None:
    real = np.load(shared / "weights" / "glove_25d.npz")
    rows = dict(zip(real["w"].tolist(), real["v"].astype(np.float64).tolist(), strict=True))
    vocabulary = ["dress", "skirt", "jacket", "bank", "finance", "qzxqzx"]
    vectors = read_vectors(write_glove(tmp_path / "glove.txt", rows), vocabulary)
    assert vectors.shape == (6, 25)
    assert vectors == pytest.approx(scaled([rows.get(term, [0] * 25) for term in vocabulary]))
    dress, skirt, jacket, bank, finance, _ = vectors
    assert min(cosine(dress, skirt), cosine(dress, jacket)) > cosine(dress, bank)
    assert cosine(bank, finance) > cosine(bank, jacket)


TEXTS = [
    *("boot denim jeans", "denim jeans", "boot jeans", "boot denim"),
    *("leather buckle belt", "buckle belt", "leather belt", "leather buckle"),
]
KINDS = [{"boot", "denim", "jeans"}, {"leather", "buckle", "belt"}]


def cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    return float(left @ right / np.linalg.norm(left) / np.linalg.norm(right))


def placed(texts: list[str]) -> dict[str, NDArray[np.float32]]:
    bags, vocabulary = vectorize(texts, np.ones(len(texts), bool))
    return dict(zip(vocabulary, train_vectors(bags), strict=True))


def test_terms_of_the_same_texts_are_nearer_than_others() -> None:
    vectors = placed(TEXTS)
    pairs = itertools.combinations(sorted(vectors), 2)
    near: dict[bool, list[float]] = {True: [], False: []}
    for one, other in pairs:
        together = any({one, other} <= kind for kind in KINDS)
        near[together].append(cosine(vectors[one], vectors[other]))
    assert len(near[True]) == 6
    assert min(near[True]) > max(near[False]) + 0.3


def test_the_same_texts_give_the_same_vectors() -> None:
    assert all(np.array_equal(placed(TEXTS)[term], placed(TEXTS)[term]) for term in placed(TEXTS))


def information(texts: list[str], vocabulary: list[str]) -> NDArray[np.float64]:
    """Return the positive pointwise mutual information of term pairs, counted text by text."""
    split = [set(text.split()) for text in texts]

    def share(*terms: str) -> float:
        return sum(text.issuperset(terms) for text in split) / len(split)

    def information(one: str, other: str) -> float:
        both = share(one, other)
        return max(math.log(both / (share(one) * share(other))), 0) if both else 0

    return np.array([[information(one, other) for other in vocabulary] for one in vocabulary])


def test_fewer_terms_than_dimensions_reproduce_their_mutual_information() -> None:
    texts = [*TEXTS, "boot leather", "jeans"]
    bags, vocabulary = vectorize(texts, np.ones(len(texts), bool))
    vectors = train_vectors(bags)
    assert vectors.shape == (6, 6)
    assert vectors.dtype == np.float32
    # the products of vectors are the information, but for the signs of what it is made of
    size, part = np.linalg.eigh(information(texts, vocabulary))
    assert vectors @ vectors.T == pytest.approx(part * np.abs(size) @ part.T, abs=1e-5)


def test_more_terms_than_dimensions_keep_the_largest_components(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(word_vectors, "DIMENSIONS", 2)
    bags, vocabulary = vectorize(TEXTS, np.ones(len(TEXTS), bool))
    vectors = train_vectors(bags)
    assert vectors.shape == (6, 2)
    size, part = np.linalg.eigh(information(TEXTS, vocabulary))
    largest = np.argsort(-np.abs(size))[:2]
    expected = part[:, largest] * np.abs(size[largest]) @ part[:, largest].T
    assert vectors @ vectors.T == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("texts", [["red"], ["red hat", "red hat"]])
def test_independent_terms_have_zero_vectors(texts: list[str]) -> None:
    assert not any(vector.any() for vector in placed(texts).values())


def test_a_term_of_no_training_text_has_a_zero_vector() -> None:
    bags, vocabulary = vectorize([*TEXTS, "hat"], np.ones(len(TEXTS) + 1, bool))
    size = np.linalg.norm(train_vectors(bags[: len(TEXTS)]), axis=1)
    assert [term for term, s in zip(vocabulary, size, strict=True) if s < 1e-6] == ["hat"]


def test_a_file_with_fewer_words_than_declared_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "3 2\nhat 1 2\nred 2 1\n") == " ends after 2 of 3 words"


def test_an_empty_last_line_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "blank.vec"
    path.write_text("hat 1 2\n\n")
    assert read_vectors(path, ["hat"]).shape == (1, 2)
    assert refused(tmp_path, "hat 1 2\n\nred 1 2\n").startswith(", line 2: ")


def test_terms_that_differ_in_case_have_the_same_vector(tmp_path: Path) -> None:
    path = tmp_path / "case.vec"
    path.write_text("hat 1 2\nHAT 5 5\n")
    first, second = read_vectors(path, ["Hat", "hat"])
    assert first.tolist() == second.tolist() != [0, 0]


@pytest.mark.parametrize("head", [b"1 9999999999999\n", b"1 99999999999999999999999\n"])
def test_vectors_of_an_absurd_width_are_refused(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "wide.bin"
    path.write_bytes(head + b"hat ")
    with pytest.raises(FeatureError, match="does not begin with the number"):
        read_vectors(path, ["hat"])


def test_counts_have_to_be_plain_digits(tmp_path: Path) -> None:
    assert refused(tmp_path, "² 3\nhat 1 2 3\n").startswith(", line 1: ")
    assert refused(tmp_path, f"{'9' * 5000} 3\nhat 1 2 3\n").startswith(", line 1: ")


def test_a_line_of_words_without_numbers_is_refused_at_once(tmp_path: Path) -> None:
    started = time.monotonic()
    assert refused(tmp_path, "hat 1 2\n" + "x " * 490_000).startswith(", line 2: ")
    assert time.monotonic() - started < 5


def test_a_text_of_very_wide_vectors_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "hat" + " 1" * 10_001) == ": 10,001 values are too many for a word"


def test_vectors_beyond_memory_are_refused_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.vec"
    path.write_text("hat" + " 1" * 10_000)
    with pytest.raises(
        FeatureError, match="for each of 30,000 words of the catalogue are too many"
    ):
        read_vectors(path, ["hat"] * 30_000)


def test_a_word_that_does_not_end_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, b"2 2\n" + b"x" * 10**6, "words.bin") == ": word 1 of 2 does not end"


def test_values_whose_mean_exceeds_single_precision_are_refused(tmp_path: Path) -> None:
    assert "too large" in refused(tmp_path, "hat 3e38 3e38\nred 3e38 3e38\n")


def test_a_pipe_instead_of_a_file_is_refused_at_once(tmp_path: Path) -> None:
    for name in ("words.vec", "words.bin"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(FeatureError, match="cannot be read: it is a"):
            read_vectors(tmp_path / name, VOCABULARY)
