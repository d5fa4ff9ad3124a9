"""Hostile BSON files of Cdiscount: wrong lengths, odd types, pictures that are bombs."""

from __future__ import annotations

import io
import random
import re
import zlib
from pathlib import Path
from typing import Any

import bson
import PIL.Image
import pytest

from product_classifier.records import Embedded, Image, Skipped
from product_classifier.sources.files.cdiscount import KnownCategories, read_batch
from product_classifier.sources.formats import SourceOptions, open_source
from product_classifier.sources.web.download_pictures import put_embedded
from product_classifier.store.database import open_database
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import PagedImport
from tests.conftest import jpeg
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import NUMBERS, TEXTS, changed_bytes

pytestmark = pytest.mark.slow
LENGTHS = (0, 1, 4, 5, -1, 2**31 - 1, -(2**31), 2**24, 48_000_000, 16_999_999)
INTEGERS = [number for number in NUMBERS if isinstance(number, int) and abs(number) < 2**63]
VALUES: tuple[Any, ...] = (
    *(None, True, b"", b"\xff", 1.5, float("nan"), [], {}, [[]], {"a": 1}),
    *INTEGERS,
    *(text.encode(errors="replace").decode() for text in TEXTS),
    bson.Regex("(a+)+$"),
    re.compile("a"),
    bson.Code("while (1);", {"a": 1}),
    bson.DBRef("a", 1, "b"),
    bson.Decimal128("9.999E+6144"),
    bson.Decimal128("NaN"),
    bson.DatetimeMS(2**62),
    bson.DatetimeMS(-(2**62)),
    bson.Timestamp(2**32 - 1, 1),
    bson.MinKey(),
    bson.ObjectId(),
    bson.Binary(b"a", 4),
    bson.Int64(2**63 - 1),
)


def plain_bson(folder: Path) -> None:
    (folder / "a.bson").write_bytes(_document(1))
    import_bson(folder / "a.bson")


def import_bson(path: Path) -> None:
    """Import as crawl.py does, in this process, whose memory is measured."""
    source = open_source("bson", SourceOptions(path=path, images=path.parent)).bson
    assert source
    store = ImageFolder(path.parent / "images")
    with open_database(path.parent / "crawl.db", create=True) as db:
        importing, categories = PagedImport(db, source.query), KnownCategories(source.categories)
        for part in source.batches(0):
            pictures: list[Image | Skipped] = []

            def take(one: Embedded, pictures: list[Image | Skipped] = pictures) -> None:
                pictures.append(put_embedded(one, store))

            page = read_batch(path, source.query, part, take)
            store.keep()
            importing.save([(categories.complete(page), pictures)])


def hostile_bson(chance: random.Random, folder: Path) -> Path:
    documents = [_document(number) for number in range(chance.choice([1, 3, 20]))]
    for _ in range(chance.choice([0, 1, 1, 3])):
        documents.insert(chance.randrange(len(documents) + 1), _hostile_document(chance))
    data = b"".join(documents)
    if chance.random() < 0.3:
        data = changed_bytes(chance, data)
    if chance.random() < 0.1:
        data += chance.choice(LENGTHS).to_bytes(4, "little", signed=True) + b"a" * 50
    path = folder / "a.bson"
    path.write_bytes(data)
    return path


def _document(number: int, **fields: Any) -> bytes:
    pictures = [{"picture": jpeg("red", (8, 8))}]
    return bson.encode({"_id": number, "category_id": number % 3, "imgs": pictures} | fields)


def _hostile_document(chance: random.Random) -> bytes:
    kind = chance.randrange(6)
    if kind == 0:
        name = chance.choice(["_id", "category_id", "imgs", "more", "$ref", "a" * 70_000, ""])
        return _document(1_000, **{name: chance.choice(VALUES)})
    if kind == 1:
        pictures = [_picture(chance) for _ in range(chance.choice([3, 3, 9, 1_000, 30_000]) // 3)]
        return _document(1_001, imgs=pictures)
    if kind == 2:
        return _nested(chance.choice([10, 500, 5_000, 30_000]))
    if kind == 3:  # a length inside lies
        document = bytearray(_document(1_002, more=chance.choice(VALUES)))
        start = chance.randrange(4, len(document) - 4)
        document[start : start + 4] = chance.choice(LENGTHS).to_bytes(4, "little", signed=True)
        return bytes(document)
    if kind == 4:  # another type
        document = bytearray(_document(1_003, more=chance.choice(VALUES)))
        starts = [
            match.start() for match in re.finditer(rb"[\x01-\x13](_id|category_id|imgs)", document)
        ]
        document[chance.choice(starts)] = chance.choice([*range(1, 0x14), 0x7F, 0xFF])
        return bytes(document)
    return _wide(chance.choice([1_000, 200_000]))


def _picture(chance: random.Random) -> Any:
    part = chance.choice(
        [
            jpeg("blue", (9, 9)),
            *(b"", b"\xff\xd8\xff\xd9", b"<html>", b"GIF89a", b"RIFF\0\0\0\0WEBP"),
            _declared_png(chance.choice([10, 7_000, 60_000])),
            _declared_jpeg(chance),
        ]
    )
    part = changed_bytes(chance, part) if chance.random() < 0.3 else part
    return chance.choice([{"picture": part}] * 6 + [part, {"picture": "text"}, {}, None])


def _declared_png(side: int) -> bytes:
    """Return a PNG of one pixel whose header declares side x side pixels."""
    file = io.BytesIO()
    PIL.Image.new("1", (1, 1)).save(file, "PNG")
    data = bytearray(file.getvalue())
    data[16:24] = side.to_bytes(4) * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    return bytes(data)


def _declared_jpeg(chance: random.Random) -> bytes:
    data = bytearray(jpeg("green", (8, 8)))
    frame = data.index(b"\xff\xc0")
    size = chance.choice([0, 1, 7_000, 65_535]).to_bytes(2)
    data[frame + 5 : frame + 9] = size * 2
    return bytes(data)


def _nested(depth: int) -> bytes:
    document = b"\x05\0\0\0\0"
    heads = []
    for level in range(depth):
        heads.append((13 + 8 * level).to_bytes(4, "little") + b"\x03a\0")
    return b"".join(reversed(heads)) + document + b"\0" * depth


def _wide(count: int) -> bytes:
    """Return a document of many empty documents."""
    inner = b"".join(b"\x03%d\0\x05\0\0\0\0" % (k % 10) for k in range(count))
    body = (
        b"\x10_id\0\x07\0\0\0\x04imgs\0" + (len(inner) + 5).to_bytes(4, "little") + inner + b"\0\0"
    )
    return (len(body) + 4).to_bytes(4, "little") + body


def test_bson_files_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_bson, read=import_bson, warm_up=plain_bson), tmp_path
    )
    assert outcomes[READ]
    assert not outcomes[REFUSED]  # a bad document is reported, and the rest is read
