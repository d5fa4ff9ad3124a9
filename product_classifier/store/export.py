"""Products and categories for an export: a row for each product and each of its categories."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from product_classifier.errors import StoreError
from product_classifier.store.validation import DEEPEST

ROWS = """
select product.id, product.name, description, image, met.category_id,
  (select json_group_array(address) from (
    select address from product_image where product_id = product.id order by place)),
  part, predicted.category_id, predicted.score
from product
left join product_category met on met.product_id = product.id
left join given_part on given_part.product_id = product.id
left join predicted_category predicted
  on predicted.product_id = product.id and predicted.experiment_id = :experiment
order by product.rowid, met.category_id <> product.category_id, met.category_id
"""


@dataclass(frozen=True, slots=True)
class Level:
    """A category on the path from the root to another one."""

    name: str
    own_id: str  # '' if the id is the path of names
    translated: str  # '' for none


Path = tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A product in one of its categories; without an id, a category without products."""

    id: str
    name: str
    description: str
    path: Path
    image: str
    more_images: tuple[str, ...]
    part: str
    predicted: Path
    score: float | None


def read_paths_of_names(db: sqlite3.Connection) -> dict[str, Path]:
    """Return for each category the levels of its path, from below the root to itself."""
    nodes: dict[str | None, tuple[str | None, str, str, str]] = {
        identity: node
        for identity, *node in db.execute(
            """select category.id, parent, path, category.name, coalesce(foreign_name.name, '')
               from category
               left join translated_category foreign_name on category_id = category.id"""
        )
    }
    levels_of: dict[str, Path] = {}
    for identity in nodes:
        levels: list[Level] = []
        at = identity
        for _ in range(DEEPEST + 1):  # a damaged tree may have a cycle
            if at not in nodes:
                break
            parent, path, name, translated = nodes[at]
            if path:
                above = nodes[parent][1] if parent in nodes else ""
                part = name.replace("%2F", "%252F").replace("/", "%2F")
                derived = f"{above}/{part}".lstrip("/")
                levels.insert(0, Level(name, "" if at in (derived, None) else at, translated))
            at = parent
        levels_of[str(identity)] = tuple(levels)
    return levels_of


def read_export_rows(db: sqlite3.Connection, experiment: int | None) -> Iterator[Exported]:
    """Yield the products in the order of their import, then the categories without products.

    experiment: number of the experiment whose predictions are added. Raises StoreError if it does
    not exist.
    """
    query = "select 1 from experiment where id = ?"
    if experiment and not db.execute(query, (experiment,)).fetchall():
        raise StoreError(f"there is no experiment {experiment}; analyze.py lists them")
    paths = read_paths_of_names(db)
    for identity, name, description, image, category, more, part, predicted, score in db.execute(
        ROWS, {"experiment": experiment}
    ):
        yield Exported(
            id=identity,
            name=name,
            description=description,
            path=paths.get(category, ()),
            image=image or "",
            more_images=tuple(json.loads(more)),
            part=part or "",
            predicted=paths.get(predicted, ()),
            score=score,
        )
    empty = "select id from category where leaf and product_count = 0 order by rowid"
    for (identity,) in db.execute(empty):
        if paths[identity]:
            yield Exported(
                id="",
                name="",
                description="",
                path=paths[identity],
                image="",
                more_images=(),
                part="",
                predicted=(),
                score=None,
            )


def has_further_facts(db: sqlite3.Connection) -> dict[str, bool]:
    """Return which optional columns have a value for any product or category."""
    queries = {
        "more_images": "select exists (select 1 from product_image)",
        "split": "select exists (select 1 from given_part)",
        "translated_path": "select exists (select 1 from translated_category)",
    }
    return {name: bool(db.execute(query).fetchone()[0]) for name, query in queries.items()}
