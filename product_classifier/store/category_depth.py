"""Roll-up of categories to a depth: a category counts as its ancestor at that depth.

An experiment with --depth learns, predicts and is evaluated by the categories of that depth. The
depth is one of its settings; true categories are rolled up here when they are read for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from product_classifier.store.validation import read_settings


def category_chains(db: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Return each category with its ancestors, the parent first; the root is left out."""
    parents = dict(
        db.execute(
            """select category.id, parent.id
               from category join category parent on parent.id = category.parent
               where parent.path <> ''"""
        )
    )
    category_chains = {}
    for (category,) in db.execute("select id from category where path <> ''"):
        chain = [category]
        while parents.get(chain[-1], category) not in chain:  # a damaged tree may have a cycle
            chain.append(parents[chain[-1]])
        category_chains[category] = tuple(chain)
    return category_chains


def roll_up(db: sqlite3.Connection, depth: int | None) -> dict[str, str]:
    """Map each category to its ancestor at a depth; categories without one are left out.

    depth: 1 is directly below the root. A leaf above the depth is mapped to itself; so is every
    leaf if depth is None.
    """
    leaves = {leaf for (leaf,) in db.execute("select id from category where leaf")}
    rolled_up = {}
    for category, chain in category_chains(db).items():
        if depth is not None and len(chain) >= depth:
            rolled_up[category] = chain[-depth]
        elif category in leaves:
            rolled_up[category] = category
    return rolled_up


def rolled_up_categories(db: sqlite3.Connection, experiment: int) -> dict[str, str]:
    """Map category ids to rolled-up ids, by the depth of an experiment."""
    [(settings,)] = db.execute("select settings from experiment where id = ?", (experiment,))
    return roll_up(db, read_settings(db, experiment, settings).get("depth"))


def rolled_up_rowids(db: sqlite3.Connection, experiment: int) -> NDArray[np.int64]:
    """Map category rowids to rolled-up rowids; -1 if there is none. The last entry is for -1."""
    rows = dict(db.execute("select id, rowid from category"))
    rowids = np.full(max(rows.values(), default=0) + 2, -1)
    for category, other in rolled_up_categories(db, experiment).items():
        rowids[rows[category]] = rows[other]
    return rowids


def define_roll_up(db: sqlite3.Connection, experiment: int) -> None:
    """Define the SQL function rolled_up(category_id) for an experiment; null if there is none."""
    db.create_function("rolled_up", 1, rolled_up_categories(db, experiment).get, deterministic=True)


def path_roll_up(db: sqlite3.Connection, experiment: int) -> Callable[[str], tuple[str, ...]]:
    """Return a function that rolls up lines of category paths, and drops repeated paths."""
    paths = dict(db.execute("select id, path from category"))
    above = {paths[id]: paths[up] for id, up in rolled_up_categories(db, experiment).items()}
    return lambda lines: tuple(dict.fromkeys(above.get(path, path) for path in lines.split("\n")))


def distinct_pairs(products: NDArray[np.int64], categories: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first row of each distinct pair, [pairs], ordered by product and category.

    Roll-up makes pairs equal: leaves of one product may have the same ancestor.
    """
    both = products * (categories.max(initial=0) + 2) + categories + 1
    return np.unique(both, return_index=True)[1]
