"""Hostile files of word vectors (--vectors), as text and in word2vec's binary format."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from product_classifier.features.word_vectors import read_vectors
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, changed_bytes

pytestmark = pytest.mark.slow
VOCABULARY = [*(f"word{k}" for k in range(1_000)), "hat", "new york", "red"]
COUNTS = ("0", "1", "3", "-1", "9999999", "10000", "99999999999999999999", "3.5", "x", "", "²")
VALUES = (
    "nan",
    "inf",
    "-inf",
    "1e400",
    "1e-400",
    "0x1p3",
    "1_000",
    "٣",
    "1,5",
    "",
    "--1",
    "9" * 500,
)


def read(path: Path) -> None:
    read_vectors(path, VOCABULARY)


def warm_up(folder: Path) -> None:
    (folder / "words.vec").write_text("hat 1 2\nred 3 4\n")
    read(folder / "words.vec")


def hostile_vectors(chance: random.Random, folder: Path) -> Path:
    binary = chance.random() < 0.4
    width = chance.choice([2, 2, 3, 50, 2_000] if binary else [1, 2, 3, 50, 300, 100_000])
    words = ["hat", "red", "new_york", *(f"word{k}" for k in range(chance.choice([0, 5, 50])))]
    if chance.random() < 0.3:
        words[chance.randrange(len(words))] = chance.choice(TEXTS)
    if chance.random() < 0.3:
        words.append(chance.choice(words))
    chance.shuffle(words)
    data = as_binary(chance, words, width) if binary else as_text(chance, words, width)
    if chance.random() < 0.3:
        data = changed_bytes(chance, data)
    path = folder / ("words.bin" if binary else "words.vec")
    path.write_bytes(data)
    return path


def as_text(chance: random.Random, words: list[str], width: int) -> bytes:
    lines = []
    if chance.random() < 0.4:
        counts = (str(len(words)), str(width))
        lines.append(
            " ".join(chance.choice(COUNTS) if chance.random() < 0.3 else n for n in counts)
        )
    bad = chance.randrange(len(words)) if chance.random() < 0.4 else -1
    for place, word in enumerate(words):
        values = ["0.25"] * width
        if place == bad:
            values[chance.randrange(width)] = chance.choice([*VALUES, *TEXTS])
            values += ["1"] * chance.choice([0, 0, 1, 20])
        lines.append(" ".join([word, *values]))
    if chance.random() < 0.05:
        lines.append(chance.choice(["a", "1", " "]) * 30_000_000)  # a line without an end
    if chance.random() < 0.05:
        lines.append("hat " + "1 " * 1_000_000)
    return (
        chance.choice(["\n", "\n", "\n", "\r\n", "\r"]).join(lines).encode(errors="surrogatepass")
    )


def as_binary(chance: random.Random, words: list[str], width: int) -> bytes:
    counts = (str(len(words)), str(width))
    head = " ".join(chance.choice(COUNTS) if chance.random() < 0.15 else n for n in counts)
    parts = [head.encode(), b"\n"]
    for word in words:
        values = np.full(width, chance.choice([0.5] * 20 + [np.nan, np.inf, 1e-40, 3e38]), "<f4")
        parts += [word.encode(errors="surrogatepass"), b" ", values.tobytes(), b"\n"]
    return b"".join(parts)


def test_files_of_vectors_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(HostileInputs(make=hostile_vectors, read=read, warm_up=warm_up), tmp_path)
    assert outcomes[READ]
    assert outcomes[REFUSED]
