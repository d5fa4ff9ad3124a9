"""Writers of one catalogue in every format that can be imported."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import bson
import pyarrow
from pyarrow import parquet


@dataclasses.dataclass(frozen=True)
class Thing:
    """A product to write."""

    id: str
    name: str
    description: str
    path: tuple[str, ...]
    picture: Path | None


class Written(NamedTuple):
    """A written catalogue."""

    source: Path
    format: str
    things: Sequence[Thing]  # with the fields that the format has


Writer = Callable[[Sequence[Thing], Path], Written]
HEADER = ("id", "name", "description", "category_path", "image")


def _cells(thing: Thing, separator: str = " > ") -> list[str]:
    picture = str(thing.picture) if thing.picture else ""
    return [thing.id, thing.name, thing.description, separator.join(thing.path), picture]


def _table(path: Path, things: Sequence[Thing], header: Iterable[str], **style: str) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, **style)  # type: ignore[arg-type]
        writer.writerow(header)
        writer.writerows(map(_cells, things))
    return path


def as_csv(things: Sequence[Thing], folder: Path) -> Written:
    return Written(_table(folder / "a.csv", things, HEADER), "csv", things)


def as_csv_of_levels(things: Sequence[Thing], folder: Path) -> Written:
    deepest = max(len(thing.path) for thing in things)
    levels = [f"category_level{k}" for k in range(1, deepest + 1)]
    with (folder / "levels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["sku", "title", "description", *levels, "image_path"])
        for thing in things:
            identity, name, description, _, picture = _cells(thing)
            padded = [*thing.path, *[""] * (deepest - len(thing.path))]
            writer.writerow([identity, name, description, *padded, picture])
    return Written(folder / "levels.csv", "csv", things)


def as_tsv(things: Sequence[Thing], folder: Path) -> Written:
    header = ("id", "title", "description", "product_type", "image_link")
    return Written(_table(folder / "a.tsv", things, header, delimiter="\t"), "csv", things)


def as_gzip(things: Sequence[Thing], folder: Path) -> Written:
    plain = _table(folder / "b.csv", things, HEADER)
    (folder / "b.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    return Written(folder / "b.csv.gz", "csv", things)


def as_zip(things: Sequence[Thing], folder: Path) -> Written:
    """Write a catalogue as Awin's feeds are."""
    header = ("aw_product_id", "product_name", "description", "merchant_category", "aw_image_url")
    plain = _table(folder / "awin.csv", things, header, delimiter="|")
    with zipfile.ZipFile(folder / "awin.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "datafeed.csv")
    return Written(folder / "awin.zip", "csv", things)


def as_s0(things: Sequence[Thing], folder: Path) -> Written:
    """Write a catalogue as the first legacy system did: no descriptions, pictures named by sku."""
    with (folder / "s0.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["sku", "title", "category", "image_url"])
        for thing in things:
            url = "http://shop/x.jpg" if thing.picture else ""
            writer.writerow([thing.id, thing.name, " > ".join(thing.path), url])
    return Written(folder / "s0.csv", "csv", _without(things, "description"))


def _values(thing: Thing) -> dict[str, object]:
    picture = str(thing.picture) if thing.picture else None
    texts = {"id": thing.id, "name": thing.name, "description": thing.description}
    return {**texts, "category_path": list(thing.path), "image": picture}


def as_json_lines(things: Sequence[Thing], folder: Path) -> Written:
    lines = "".join(f"{json.dumps(_values(thing))}\n" for thing in things)
    (folder / "a.jsonl").write_text(lines)
    return Written(folder / "a.jsonl", "jsonl", things)


def as_json(things: Sequence[Thing], folder: Path) -> Written:
    (folder / "a.json").write_text(json.dumps([_values(thing) for thing in things], indent=1))
    return Written(folder / "a.json", "json", things)


def as_parquet(things: Sequence[Thing], folder: Path) -> Written:
    table = pyarrow.Table.from_pylist([_values(thing) for thing in things])
    parquet.write_table(table, folder / "a.parquet")
    return Written(folder / "a.parquet", "parquet", things)


def _item(thing: Thing, tag: str) -> str:
    names = ("id", "title", "description", "product_type", "image_link")
    parts = zip(names, _cells(thing), strict=True)
    inner = "".join(f"<g:{name}>{escape(text)}</g:{name}>" for name, text in parts)
    return f"<{tag}>{inner}</{tag}>\n"


def as_rss(things: Sequence[Thing], folder: Path) -> Written:
    items = "".join(_item(thing, "item") for thing in things)
    (folder / "rss.xml").write_text(
        f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
{items}</channel></rss>"""
    )
    return Written(folder / "rss.xml", "feed", things)


def as_atom(things: Sequence[Thing], folder: Path) -> Written:
    items = "".join(_item(thing, "entry") for thing in things)
    (folder / "atom.xml").write_text(
        f"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<title>Shop</title>{items}</feed>"""
    )
    return Written(folder / "atom.xml", "feed", things)


def as_atlas(things: Sequence[Thing], folder: Path) -> Written:
    """Write products with pictures, without descriptions; their id is the picture's file name."""
    pictured = [thing for thing in things if thing.picture]
    images = [
        {
            "filename": str(thing.picture),
            "title": thing.name,
            "sentences": [{"tokens": list(thing.path)}],
            "image_url": "http://shop/x.jpg",
            "split": "train",
        }
        for thing in pictured
    ]
    (folder / "atlas.json").write_text(json.dumps({"images": images}))
    named = [dataclasses.replace(thing, id=str(thing.picture)) for thing in pictured]
    return Written(folder / "atlas.json", "json", _without(named, "description"))


def as_bson(things: Sequence[Thing], folder: Path) -> Written:
    """Write products without texts, and the names of three levels in a CSV file."""
    numbers = {path: 1_000 + k for k, path in enumerate(sorted({thing.path for thing in things}))}
    with (folder / "category_names.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["category_id", *(f"category_level{k}" for k in (1, 2, 3))])
        writer.writerows([number, *path] for path, number in numbers.items())
    with (folder / "a.bson").open("wb") as file:
        for thing in things:
            pictures = [{"picture": thing.picture.read_bytes()}] if thing.picture else []
            number = numbers[thing.path]
            document = {"_id": int(thing.id), "category_id": number, "imgs": pictures}
            file.write(bson.encode(document))
    return Written(folder / "a.bson", "bson", _without(things, "name", "description"))


def as_folders(things: Sequence[Thing], folder: Path) -> Written:
    """Write products with pictures, without texts; their id is the picture's path."""
    named = []
    for original in things:
        path = tuple(name.replace("/", "-") for name in original.path)
        thing = dataclasses.replace(original, path=path)
        if thing.picture:
            place = Path(*thing.path) / f"{thing.id}.jpg"
            (folder / "tree" / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / "tree" / place).symlink_to(thing.picture)
            named.append(dataclasses.replace(thing, id=place.as_posix()))
    return Written(folder / "tree", "folder", _without(named, "name", "description"))


def as_shopify(things: Sequence[Thing], folder: Path) -> Written:
    """Write a shop's products.json, without pictures, because it has only URLs."""
    products = [
        {
            "id": int(thing.id),
            "title": thing.name,
            "handle": thing.id,
            "body_html": thing.description,
            "product_type": " > ".join(thing.path),
            "variants": [],
            "images": [],
        }
        for thing in things
    ]
    (folder / "products.json").write_text(json.dumps({"products": products}))
    bare = [dataclasses.replace(thing, picture=None) for thing in things]
    return Written(folder / "products.json", "json", bare)


def _without(things: Sequence[Thing], *fields: str) -> list[Thing]:
    blank = dict.fromkeys(fields, "")
    return [dataclasses.replace(thing, **blank) for thing in things]  # type: ignore[arg-type]


WRITERS: dict[str, Writer] = {
    name: writer for name, writer in globals().items() if name.startswith("as_")
}
