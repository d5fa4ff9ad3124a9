"""Which category stands for another one: itself where leaves are learned, else one further up.

An experiment of a depth learns, predicts and is judged by the categories of that depth. The depth
is one of its settings, and whoever reads truths for it folds them here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from product_classifier.store.validation import read_settings

ROLL_UP = "rolled_up"  # the SQL function of define_roll_up


def category_chains(db: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """List each category and all that lies above it, its parent first; the root is no answer."""
    parents = dict(
        db.execute(
            """select category.id, parent.id
               from category join category parent on parent.id = category.parent
               where parent.path <> ''"""
        )
    )
    found = {}
    for (category,) in db.execute("select id from category where path <> ''"):
        path = [category]
        while parents.get(path[-1], category) not in path:  # no category lies above itself
            path.append(parents[path[-1]])
        found[category] = tuple(path)
    return found


def roll_up(db: sqlite3.Connection, depth: int | None) -> dict[str, str]:
    """Map categories to what stands for them, those for which nothing does left out.

    depth: 1 is directly below the root; None: leaves stand for themselves. A leaf that ends above
    that depth stands for itself, too.
    """
    leaves = {leaf for (leaf,) in db.execute("select id from category where leaf")}
    found = {}
    for category, chain in category_chains(db).items():
        if depth is not None and len(chain) >= depth:
            found[category] = chain[-depth]
        elif category in leaves:
            found[category] = category
    return found


def rolled_up_categories(db: sqlite3.Connection, experiment: int) -> dict[str, str]:
    """Map categories to what stands for them in an experiment."""
    [(settings,)] = db.execute("select settings from experiment where id = ?", (experiment,))
    return roll_up(db, read_settings(db, experiment, settings).get("depth"))


def rolled_up_rowids(db: sqlite3.Connection, experiment: int) -> NDArray[np.int64]:
    """Do the same by row numbers, -1 where nothing does; the last entry is that of -1."""
    rows = dict(db.execute("select id, rowid from category"))
    found = np.full(max(rows.values(), default=0) + 2, -1)
    for category, other in rolled_up_categories(db, experiment).items():
        found[rows[category]] = rows[other]
    return found


def define_roll_up(db: sqlite3.Connection, experiment: int) -> None:
    """Let the queries that follow use STANDS_FOR, for an experiment."""
    db.create_function(ROLL_UP, 1, rolled_up_categories(db, experiment).get, deterministic=True)


def path_roll_up(db: sqlite3.Connection, experiment: int) -> Callable[[str], tuple[str, ...]]:
    """Read lines of true paths as an experiment does: each path once, others as they are."""
    paths = dict(db.execute("select id, path from category"))
    folded = {
        paths[one]: paths[other] for one, other in rolled_up_categories(db, experiment).items()
    }
    return lambda lines: tuple(dict.fromkeys(folded.get(path, path) for path in lines.split("\n")))


def distinct_pairs(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Choose the rows of distinct pairs, in order: a product's leaves may be folded into one."""
    both = one * (other.max(initial=0) + 2) + other + 1
    return np.unique(both, return_index=True)[1]
