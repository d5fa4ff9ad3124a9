"""The same catalogue in every format gives the same crawl.db."""

from __future__ import annotations

import csv
import functools
import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path

import bson
import pytest

from product_classifier.console import SILENT
from product_classifier.errors import SourceError
from product_classifier.recipes.import_catalogue import import_source
from product_classifier.records import Skipped
from product_classifier.sources.files.cdiscount import find_category_names
from product_classifier.sources.formats import SourceOptions, format_of, open_source
from product_classifier.store.database import open_database
from product_classifier.store.image_folder import ImageFolder
from tests.conftest import jpeg
from tests.faults.tier import thinned
from tests.sources.formats import WRITERS, Thing, Written, as_csv

Dump = dict[str, list[tuple[object, ...]]]
DUMPED = {
    "category": "select name, leaf, product_count from category order by 1, 2, 3",
    "product": "select id, name, description, image from product order by id",
    "in": """select product_id, leaf.name, above.name, top.name from product_category
      join category leaf on leaf.id = category_id left join category above on above.id = leaf.parent
      left join category top on top.id = above.parent order by 1, 2, 3, 4""",
    "main": """select product.id, category.name from product
      left join category on category.id = category_id order by 1""",
    "further": "select product_id, address from product_image order by product_id, place",
    "skipped": "select kind, item, reason from skipped",
}


def load(written: Written, database: Path, skipped: list[Skipped]) -> Dump:
    """Import a file, and return the rows of the database, with pictures by their hashes."""
    names = find_category_names(written.source)
    folder = written.source.parent / "pictures"
    options = SourceOptions(path=written.source, images=folder, by_id=True, category_names=names)
    source = open_source(written.format, options)
    pictures = ImageFolder(database.parent / "images")
    with open_database(database, create=True) as db:
        import_source(db, source, pictures, skipped.append, SILENT.counter("records"))
        dump = {name: db.execute(query).fetchall() for name, query in DUMPED.items()}
        stored = dict(db.execute("select address, sha256 from image").fetchall())
    dump["product"] = [
        (*facts, stored.get(image) or picture_hash(image)) for *facts, image in dump["product"]
    ]
    return dump


@functools.cache
def picture_hash(file: str | None) -> str | None:
    if file is None or not Path(file).is_file():
        return file
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def dump_of(things: Sequence[Thing]) -> Dump:
    """Return the rows that a catalogue must have, computed without the tested code."""
    paths = {thing.path[:k] for thing in things for k in range(1, len(thing.path) + 1)}
    inner = {path[:-1] for path in paths}
    return {
        "category": sorted(
            (path[-1], int(path not in inner), sum(thing.path == path for thing in things))
            for path in paths
        ),
        "product": sorted(
            (t.id, t.name, t.description, picture_hash(str(t.picture) if t.picture else None))
            for t in things
        ),
        "in": sorted((t.id, *(*t.path[::-1], None, None)[:3]) for t in things),
        "main": sorted((thing.id, thing.path[-1]) for thing in things),
        "further": [],
        "skipped": [],
    }


def small(folder: Path) -> list[Thing]:
    """Return a catalogue with slashes, quotes, markup, missing texts and a missing picture."""
    (folder / "pictures").mkdir()
    rows = [
        ("1", 'Belt, 32" wide', "Soft & <b>red</b>", ("Women", "Belts/Braces", "Belts"), "red"),
        ("2", "Überzug", "", ("Home", "Bed, Bath", "Covers"), "blue"),
        ("3", "Hat", "a\nb", ("Women", "Hats", "Felt"), None),
        ("4", "Jumpsuit", "4711", ("Women", "Jumpsuits,Rompers & Overalls", "Long"), "green"),
        ("5", "Belt", "other", ("Men", "Belts/Braces", "Belts"), "white"),
    ]
    things = []
    for identity, name, description, path, colour in rows:
        picture = folder / "pictures" / f"{identity}.jpg" if colour else None
        if picture:
            picture.write_bytes(jpeg(str(colour)))
        things.append(Thing(identity, name, description, path, picture))
    return things


@pytest.mark.parametrize("name", WRITERS)
def test_a_small_catalogue_is_the_same_from_every_format(name: str, tmp_path: Path) -> None:
    written = WRITERS[name](small(tmp_path), tmp_path)
    assert format_of(str(written.source)) == written.format
    skipped: list[Skipped] = []
    dump = load(written, tmp_path / "crawl.db", skipped)
    assert (dump, skipped) == (dump_of(written.things), [])


@pytest.mark.slow
@pytest.mark.parametrize("name", thinned(WRITERS, step=4))
def test_fashion_is_the_same_from_every_format(name: str, shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "fashion"
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        things = [
            Thing(row["id"], row["name"], row["description"], path, folder / row["image"])
            for row in csv.DictReader(file)
            if len(path := tuple(row["category_path"].split("/"))) == 3
        ]
    assert len(things) > 9_000
    (tmp_path / "pictures").symlink_to(folder / "images")
    written = WRITERS[name](things, tmp_path)
    skipped: list[Skipped] = []
    assert load(written, tmp_path / "crawl.db", skipped) == dump_of(written.things)
    assert skipped == []


@pytest.mark.parametrize("name", sorted(WRITERS.keys() - {"as_folders"}))
def test_a_truncated_file_yields_the_products_before_the_cut_or_a_reason(
    name: str, tmp_path: Path
) -> None:
    written = WRITERS[name](small(tmp_path), tmp_path)
    whole = written.source.read_bytes()
    expected = {thing.id for thing in written.things}
    cuts = itertools.chain(range(1, 120, 7), range(120, len(whole), len(whole) // 20 + 1))
    for cut in thinned(cuts, step=3):
        part = tmp_path / f"cut-{cut}"
        part.mkdir()
        (part / "pictures").symlink_to(tmp_path / "pictures")
        for beside in ("category_names.csv",):
            if (tmp_path / beside).exists():
                (part / beside).symlink_to(tmp_path / beside)
        source = part / written.source.name
        source.write_bytes(whole[:-cut])
        skipped: list[Skipped] = []
        try:
            dump = load(written._replace(source=source), part / "crawl.db", skipped)
        except SourceError as error:  # no complete product is left
            reason = str(error)
            assert source.name in reason
            continue
        products = {row[0] for row in dump["product"]}
        assert products <= expected
        assert skipped or products == expected or ends_with_a_whole_row(source)
        assert len(skipped) <= 2


def ends_with_a_whole_row(file: Path) -> bool:
    """Return whether a truncated file looks complete, cut between rows or in the last cell."""
    if file.suffix == ".bson":
        return len(bson.decode_all(file.read_bytes())) > 0
    lines = file.read_text().splitlines(keepends=True)
    if file.suffix == ".jsonl":
        return lines[-1].rstrip().endswith("}")
    header, *_, row = csv.reader(lines, delimiter=max(",;\t|", key=lines[0].count))
    return len(row) == len(header)


def test_a_catalogue_imported_twice_is_the_same(tmp_path: Path) -> None:
    written = as_csv(small(tmp_path), tmp_path)
    first = load(written, tmp_path / "crawl.db", [])
    assert load(written, tmp_path / "crawl.db", []) == first
