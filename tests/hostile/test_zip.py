"""Hostile .zip and .gz files with CSV files in them."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest

from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.imports import import_file
from tests.hostile.mutations import TEXTS, changed_bytes
from tests.hostile.test_csv import hostile_csv, plain_csv

pytestmark = pytest.mark.slow
METHODS = (
    *([zipfile.ZIP_DEFLATED] * 6),
    *([zipfile.ZIP_STORED] * 3),
    *(zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA),
)


def hostile_archive(chance: random.Random, folder: Path) -> Path:
    source = hostile_csv(chance, folder)
    data = source.read_bytes()
    if chance.random() < 0.5:
        data = b"id,name,category_path\n" + b"1,Boot,Shoes/Boots\n" * chance.choice([1, 100, 10**4])
    source.unlink()
    if chance.random() < 0.4:
        packed = gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])
        path = folder / "products.csv.gz"
    else:
        packed, path = _zipped(chance, data), folder / "products.zip"
    start = chance.choice([0, 0, max(0, len(packed) - 100)])  # a .zip begins at its end
    if chance.random() < 0.5:
        packed = packed[:start] + changed_bytes(chance, packed[start:])
    path.write_bytes(packed)
    return path


def _zipped(chance: random.Random, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", chance.choice(METHODS)) as archive:
        names = ["a.csv", *chance.sample(TEXTS, chance.choice([0] * 9 + [1, 3]))]
        for name in names:
            text = name.encode("utf-8", "replace").decode()[:60_000].replace("\0", "")
            archive.writestr(text or "x", data)
    packed = file.getvalue()
    if chance.random() < 0.1:  # a name that says of itself that it is UTF-8, and is not
        flags = packed.index(b"PK\x01\x02") + 8
        packed = packed[:flags] + b"\x00\x08" + packed[flags + 2 :]
        packed = packed.replace(b"a.csv", b"\xff.csv")
    return packed


def test_archives_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_archive, read=import_file, warm_up=plain_csv), tmp_path
    )
    assert outcomes[READ]
    assert outcomes[REFUSED]
