"""The minimum of an import, as a peer: rows into a table, pictures onto the disk."""

import csv
import sqlite3
import sys
from pathlib import Path

import bson

from benchmarks.common import ROOT

PUT = """insert into product (id, name, description, category_id, image, date)
  values (?, ?, ?, ?, ?, '')"""


def rows(source: Path, folder: Path) -> None:
    """Insert the rows of a CSV file into the table product of an empty crawl.db."""
    db = sqlite3.connect(folder / "bare.db", isolation_level=None)
    db.executescript((ROOT / "schema.sql").read_text())
    db.execute("begin")
    with source.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        next(lines)
        db.executemany(PUT, lines)
    db.execute("commit")
    db.close()


def pictures(source: Path, folder: Path) -> None:
    """Write the pictures of a BSON file into 256 folders."""
    for number in range(256):
        (folder / f"{number:02x}").mkdir()
    with source.open("rb") as file:
        for count, document in enumerate(bson.decode_file_iter(file)):
            for place, part in enumerate(document["imgs"]):
                name = f"{folder}/{count % 256:02x}/{document['_id']}-{place}.jpg"
                with open(name, "wb") as picture:
                    picture.write(part["picture"])


if __name__ == "__main__":
    {"rows": rows, "pictures": pictures}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
