"""An exported catalogue is equal to the original one when it is imported again."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier.console import SILENT
from product_classifier.errors import ReportError, StoreError
from product_classifier.printable import FORMULA_ESCAPE_COLUMN, unescape_formula
from product_classifier.recipes.export_catalogue import export
from product_classifier.recipes.import_catalogue import import_source
from product_classifier.records import Category, Product
from product_classifier.sources.formats import SourceOptions, format_of, open_source
from product_classifier.store.database import open_database
from product_classifier.store.export import read_paths_of_names
from product_classifier.store.image_folder import ImageFolder
from product_classifier.store.importing import ignore_skipped
from tests.conftest import TREE, product, save_import, shop

COLUMNS = ("id", "category_path", "predicted_path", "score")
TABLES = ("category", "translated_category", "product", "product_category", "product_image")
CATALOGUE = '''id,name,description,category_path,image,more_images,split
b,"Belt, 32""",<b>red</b>,Women/Belts,images/b.jpg,images/c.jpg|http://shop/d.jpg,train
a,Hat,"two
lines",Women/Hats,http://shop/a.jpg,,test
a,Hat,"two
lines",Gifts,http://shop/a.jpg,,test
c,Thing,,,,,
,,,Women/Shoes,,,
'''


def load(source: Path, images: Path, database: Path) -> dict[str, list[tuple[object, ...]]]:
    load_as(SourceOptions(path=source, images=images), database)
    return facts(database)


def load_as(options: SourceOptions, database: Path) -> None:
    opened = open_source(format_of(str(options.path)), options)
    with open_database(database, create=True) as db:
        folder = ImageFolder(database.parent / "images")
        import_source(db, opened, folder, ignore_skipped, SILENT.counter("records"))


def facts(database: Path) -> dict[str, list[tuple[object, ...]]]:
    with open_database(database) as db:
        rows = {name: sorted(map(str, db.execute(f"select * from {name}"))) for name in TABLES}
        rows["product"] = sorted(
            map(str, db.execute("select id, category_id, image, name, description from product"))
        )
        rows["part"] = sorted(map(str, db.execute("select * from given_part")))
    return rows  # type: ignore[return-value]


def written(
    database: Path, path: Path, images: Path, separator: str | None = None, raw: bool = False
) -> int:
    with open_database(database) as db:
        return export(db, path, images, separator, None, raw)


def test_a_csv_that_was_imported_is_exported_to_an_equal_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CATALOGUE)
    load(tmp_path / "a.csv", tmp_path, tmp_path / "crawl.db")
    assert written(tmp_path / "crawl.db", tmp_path / "b.csv", tmp_path) == 5
    assert (tmp_path / "b.csv").read_text() == CATALOGUE


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_every_format_is_imported_to_an_equal_catalogue(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "id,name,category_id,category_path,translated_path,image\n"
        "1,x,7,Kleid / Rock > A|B,dress > ,a.jpg\n2,y,8,Kleid / Rock > A|B,dress > b,\n"
    )
    first = load(tmp_path / "a.csv", tmp_path, tmp_path / "a.db")
    assert len(first["category"]) == 3
    assert len(first["translated_category"]) == 2
    file = tmp_path / f"b.{suffix}"
    written(tmp_path / "a.db", file, tmp_path, None if suffix != "csv" else " :: ")
    if suffix == "csv":
        file.write_text(file.read_text().replace(" :: ", " > "))
    assert load(file, tmp_path, tmp_path / "b.db") == first


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fashion", "flipkart", "instacart"])
def test_real_catalogues_are_equal_after_a_round_trip(
    name: str, shared: Path, tmp_path: Path
) -> None:
    folder = (shared / "data" / name).resolve()
    load(folder / "products.csv", folder, tmp_path / "a.db")
    written(tmp_path / "a.db", tmp_path / "b.csv", folder, raw=True)
    before, after = (
        [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(path.read_text()))]
        for path in (folder / "products.csv", tmp_path / "b.csv")
    )
    assert before == after
    written(tmp_path / "a.db", tmp_path / "escaped.csv", folder)
    first = load(tmp_path / "b.csv", folder, tmp_path / "b.db")
    assert load(tmp_path / "escaped.csv", folder, tmp_path / "c.db") == first


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "nodes"),
    [("cdiscount/category_names.csv", 5_270), ("bestbuy/categories.json", 4_584)],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_real_category_trees_are_equal_after_a_round_trip(
    source: str, nodes: int, suffix: str, shared: Path, tmp_path: Path
) -> None:
    path = shared / "data" / source
    first = load(path, tmp_path, tmp_path / "a.db")
    with open_database(tmp_path / "a.db") as db:
        ids = {identity for (identity,) in db.execute("select id from category")}
        [(paths,)] = db.execute("select count(distinct path) from category")
    if path.suffix == ".json":
        source_ids = {node["id"] for node in json.loads(path.read_text())}
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        source_ids = {row["category_id"] for row in csv.DictReader(lines)}
    assert len(source_ids) == nodes
    assert source_ids <= ids
    assert paths == len(ids)
    written(tmp_path / "a.db", tmp_path / f"b.{suffix}", tmp_path)
    assert load(tmp_path / f"b.{suffix}", tmp_path, tmp_path / "b.db") == first


def test_predictions_are_exported_in_the_rows_of_their_products(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    save_import(db, TREE, [product("1", "flare"), product("2", "belts")], [], "a.csv")
    db.execute("insert into experiment (id, name, date) values (4, 'x', 'now')")
    db.execute("insert into predicted_category values (4, '2', 'bootcut', 0.75)")
    assert export(db, tmp_path / "a.jsonl", None, None, 4) == 3
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    exported = [tuple(map(row.get, COLUMNS)) for row in rows]
    assert exported == [
        ("1", ["Jeans", "Flare"], [], None),
        ("2", ["Belts"], ["Jeans", "Bootcut"], 0.75),
        ("", ["Jeans", "Bootcut"], [], None),
    ]
    with pytest.raises(StoreError, match=r"there is no experiment 9; analyze.py lists them"):
        export(db, tmp_path / "a.jsonl", None, None, 9)
    assert list(tmp_path.glob(".*half-written")) == []


def test_a_separator_that_is_in_a_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "name": "x", "category_path": ["A/B", "C"]}\n')
    load(tmp_path / "a.jsonl", tmp_path, tmp_path / "crawl.db")
    with pytest.raises(ReportError, match="the name 'A/B' contains the separator '/'; pass"):
        written(tmp_path / "crawl.db", tmp_path / "b.csv", tmp_path, "/")
    written(tmp_path / "crawl.db", tmp_path / "b.csv", tmp_path)
    assert (tmp_path / "b.csv").read_text().splitlines()[1] == "1,x,,A/B > C,"
    (tmp_path / "a.jsonl").write_text(
        '{"id": 1, "name": "x", "category_path": ["A > B", "A->B | C / D"]}\n'
    )
    load(tmp_path / "a.jsonl", tmp_path, tmp_path / "crawl.db")
    with pytest.raises(ReportError, match="every separator of paths that an import detects is in"):
        written(tmp_path / "crawl.db", tmp_path / "b.csv", tmp_path)


def test_an_unwritable_file_is_an_error_with_the_reason(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    save_import(db, TREE, [product("1", "flare")], [], "a.csv")
    with pytest.raises(ReportError, match=r"a.xlsx must end in \.csv, \.jsonl, \.parquet"):
        export(db, tmp_path / "a.xlsx", None, None, None)
    with pytest.raises(ReportError, match=r"no/a\.csv cannot be written: No such file"):
        export(db, tmp_path / "no" / "a.csv", None, None, None)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ReportError, match=r"folder\.csv cannot be written: Is a directory"):
        export(db, tmp_path / "folder.csv", None, None, None)
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match=r"a\.jsonl cannot be written: Not a directory"):
        export(db, tmp_path / "file" / "a.jsonl", None, None, None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crawl.db", "file", "folder.csv"]


CELLS = st.text(st.sampled_from("=+-@\uff1d'ab ;,\t\r\n\"|/>0"), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_formulas_are_escaped_by_an_export_and_restored_by_an_import(
    rows: list[tuple[str, str, str, str]],
) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        with open_database(folder / "crawl.db", create=True) as db:
            tree = [
                Category(id=name, name=name, parent="", path=name, leaf=True)
                for _, name, _, _ in rows
            ]
            products = [
                Product(
                    id=f"{number}{identity}",
                    name=title,
                    description=text,
                    categories=(name,),
                    image=None,
                )
                for number, (identity, name, title, text) in enumerate(rows)
            ]
            save_import(db, list(dict.fromkeys(tree)), products, [], "a.csv")
        read = []
        for name, raw in (("raw.csv", True), ("escaped.csv", False)):
            written(folder / "crawl.db", folder / name, folder, " :: ", raw)
            with (folder / name).open(newline="", encoding="utf-8") as file:
                read.append(list(csv.reader(file)))
            options = SourceOptions(path=folder / name, images=folder, separator=" :: ")
            load_as(options, folder / f"{name}.db")
        has_escapes = read[1][0][-1] == FORMULA_ESCAPE_COLUMN
        width = len(read[0][0])
        unescaped = [[unescape_formula(cell) for cell in row[:width]] for row in read[1]]
        assert (unescaped if has_escapes else read[1]) == read[0]
        assert not [cell for row in read[1] for cell in row if cell.startswith(tuple("=+-@\t\r"))]
        raw_db, escaped_db = (folder / f"{name}.csv.db" for name in ("raw", "escaped"))
        assert facts(raw_db) == facts(escaped_db)


def test_a_table_that_was_not_escaped_keeps_its_apostrophes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name,category_path\n1,'=1+1,'-A\n'-2,'@x,'+B\n")
    first = load(tmp_path / "a.csv", tmp_path, tmp_path / "a.db")
    with open_database(tmp_path / "a.db") as db:
        products = db.execute("select id, name from product order by id").fetchall()
    assert products == [("'-2", "'@x"), ("1", "'=1+1")]
    written(tmp_path / "a.db", tmp_path / "b.csv", tmp_path)
    assert (tmp_path / "b.csv").read_text().splitlines()[
        0
    ] == "id,name,description,category_path,image"
    assert load(tmp_path / "b.csv", tmp_path, tmp_path / "b.db") == first


def test_a_raw_export_leaves_formulas_unescaped(tmp_path: Path) -> None:
    table = 'id,name,description,category_path,image\n1,=1+1,"a\n-b",-A,\n'
    (tmp_path / "a.csv").write_text(table)
    load(tmp_path / "a.csv", tmp_path, tmp_path / "a.db")
    written(tmp_path / "a.db", tmp_path / "raw.csv", tmp_path, raw=True)
    assert (tmp_path / "raw.csv").read_text() == table
    written(tmp_path / "a.db", tmp_path / "b.csv", tmp_path)
    assert (tmp_path / "b.csv").read_text() == (
        "id,name,description,category_path,image,apostrophe_before_formula\n"
        "1,'=1+1,\"a\n'-b\",'-A,,\n"
    )
    with sqlite3.connect(tmp_path / "a.db") as db:
        assert export(db, tmp_path / "b.jsonl", None, None, None) == 1
    db.close()
    assert json.loads((tmp_path / "b.jsonl").read_text())["name"] == "=1+1"


def test_the_path_of_a_category_that_is_its_own_ancestor_ends(tmp_path: Path) -> None:
    with open_database(tmp_path / "crawl.db", create=True) as db:
        shop(db)
        db.execute("update category set parent = id, path = '' where id = 'belts'")
        assert read_paths_of_names(db)["belts"] == ()
