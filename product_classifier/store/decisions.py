"""Decisions of persons about labels, stored beside the crawled labels, which stay unchanged.

Audits are random samples of an experiment's test products, with the decisions about them.
"""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from product_classifier.predictions import Mistake
from product_classifier.printable import one_line
from product_classifier.records import Decided, Decision
from product_classifier.store.category_depth import define_roll_up, path_roll_up
from product_classifier.store.database import now, transaction

SHOWN = 200  # characters of an id or category in a message
HINTED = 20  # lines with a suggestion; finding similar names takes time
ESCAPED = re.compile(r"\\u((?!d[89a-f])[0-9a-f]{4})")  # except surrogates
VERDICTS = ("keep", "ambiguous")  # in a review file; anything else is a category


@dataclass(frozen=True)
class Imported:
    """The result of importing a review file."""

    stored: Counter[str] = field(default_factory=Counter)  # by verdict
    known: int = 0  # equal to an earlier decision of the same person
    replaced: int = 0  # stored decisions that contradict an earlier one
    problems: tuple[str, ...] = ()  # messages about lines that could not be used


def import_decisions(db: sqlite3.Connection, lines: Iterable[Decided], person: str) -> Imported:
    """Store the valid decisions of a review file in one transaction, and report the others.

    person: who has decided.
    """
    with transaction(db):
        decisions, problems = _valid_decisions(db, lines)
        latest = {
            product: (verdict, category, who)
            for product, verdict, category, who in db.execute(
                "select product_id, verdict, category_id, person from latest_decision"
            )
        }
        new = [
            d for d in decisions if latest.get(d.product_id) != (d.verdict, d.category_id, person)
        ]
        db.executemany(
            """insert into decision (product_id, verdict, category_id, person, date)
               values (?, ?, ?, ?, ?)""",
            ((d.product_id, d.verdict, d.category_id, person, now()) for d in new),
        )
    return Imported(
        Counter(decision.verdict for decision in new),
        len(decisions) - len(new),
        sum(
            latest.get(d.product_id, (d.verdict, d.category_id))[:2] != (d.verdict, d.category_id)
            for d in new
        ),
        tuple(problems),
    )


def _valid_decisions(
    db: sqlite3.Connection, lines: Iterable[Decided]
) -> tuple[list[Decision], list[str]]:
    """Return the valid decisions, one for each product, and the problems of the other lines."""
    names = _categories(db)
    by_product: dict[str, tuple[Decided, Decision]] = {}
    problems: list[str] = []
    contradicted: set[str] = set()
    for line in lines:
        decision = _decision(db, line, names, hinting=len(problems) < HINTED)
        if isinstance(decision, str):
            problems.append(f"line {line.line}: {decision}")
            continue
        first, earlier = by_product.setdefault(decision.product_id, (line, decision))
        if earlier != decision:
            problems.append(
                f"lines {first.line} and {line.line} contradict each other about product "
                f"{one_line(line.product_id, SHOWN)}; neither is stored"
            )
            contradicted.add(decision.product_id)
    decisions = [d for _, d in by_product.values() if d.product_id not in contradicted]
    return decisions, problems


def _decision(
    db: sqlite3.Connection, line: Decided, names: Mapping[str, tuple[str, bool]], hinting: bool
) -> Decision | str:
    """Return the decision of a line, or its problem; hinting: suggest similar categories."""
    product = line.product_id
    if not _is_product(db, product):
        product = as_stored(product)
        if not _is_product(db, product):
            shown = one_line(line.product_id, SHOWN)
            return f"there is no product {shown!r}; leave the ids as they were exported"
    recorded = {
        category
        for (category,) in db.execute(
            "select category_id from product_category where product_id = ?", (product,)
        )
    }
    if (verdict := line.decision.casefold()) in VERDICTS:
        return Decision(product, verdict)
    if line.decision not in names:
        hint = _hint(line.decision, names) if hinting and len(line.decision) <= SHOWN else ""
        shown = one_line(line.decision, SHOWN)
        return f"{shown!r} is neither keep nor ambiguous nor a category's id or path{hint}"
    category, leaf = names[line.decision]
    if not leaf:
        return f"{line.decision!r} is not a leaf; name a leaf below it"
    if recorded == {category}:
        return Decision(product, "keep")
    return Decision(product, "move", category)


def as_stored(text: str) -> str:
    r"""Return text with escapes such as \u001b replaced by the control characters."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _hint(text: str, names: Mapping[str, tuple[str, bool]]) -> str:
    leaves = [name for name, (_, leaf) in names.items() if leaf]
    near = difflib.get_close_matches(text, leaves, n=2, cutoff=0.4)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _is_product(db: sqlite3.Connection, product: str) -> bool:
    return bool(db.execute("select 1 from product where id = ?", (product,)).fetchone())


def _categories(db: sqlite3.Connection) -> dict[str, tuple[str, bool]]:
    """Return id and whether it is a leaf for each category id and path; of equal ones, ids win."""
    rows = db.execute("select id, path, leaf from category").fetchall()
    return {
        name: (row[0], bool(row[2])) for place in (1, 0) for row in rows if (name := row[place])
    }


@dataclass(frozen=True, kw_only=True)
class AuditSample:
    """The predictions of n test products against crawled labels, m sampled ones checked."""

    recorded_right: NDArray[np.bool_]  # [n], by the crawled categories
    sampled: NDArray[np.int64]  # [m], indexes into the n products
    truly_right: NDArray[np.bool_]  # [m], by the decisions of persons
    doubtful: NDArray[np.bool_]  # [m], decided as ambiguous
    undecided: int  # products of the sample without a decision; the audit is complete at 0


def save_audit(db: sqlite3.Connection, experiment: int, products: Iterable[str]) -> None:
    """Store the sample of an experiment, which replaces an earlier one."""
    with transaction(db):
        db.execute("delete from audit where experiment_id = ?", (experiment,))
        db.executemany("insert into audit values (?, ?)", ((experiment, p) for p in products))


def read_tested_products(db: sqlite3.Connection, experiment: int) -> list[str]:
    """Return the ids of an experiment's test products."""
    query = "select product_id from predicted_category where experiment_id = ?"
    return [product for (product,) in db.execute(query, (experiment,))]


def read_open_audit(db: sqlite3.Connection, experiment: int) -> list[Mistake]:
    """Return the sampled products without a decision by id, right predictions included."""
    rows = db.execute(
        """select product.id, product.name, description, image, file, predicted.path, pc.score,
             true_paths
           from audit join predicted_category pc using (experiment_id, product_id)
           join corrected_product product on product.id = pc.product_id
           join category predicted on predicted.id = pc.category_id
           left join image on address = product.image
           where experiment_id = ? and product.id not in (select product_id from latest_decision)
           order by product.id""",
        (experiment,),
    )
    rolled_up_paths = path_roll_up(db, experiment)
    return [
        Mistake(
            product_id=product,
            name=name,
            description=description,
            image=image,
            file=file,
            predicted=predicted,
            score=score,
            categories=rolled_up_paths(paths),
        )
        for product, name, description, image, file, predicted, score, paths in rows
    ]


def read_audit(db: sqlite3.Connection, experiment: int) -> AuditSample | None:
    """Return the sample of an experiment; None if it has none."""
    sample = "select count(*) from audit where experiment_id = ?"
    if db.execute(sample, (experiment,)).fetchone() == (0,):
        return None
    define_roll_up(db, experiment)
    rows = db.execute(
        """select exists (
             select 1 from product_category recorded where recorded.product_id = pc.product_id
               and rolled_up(recorded.category_id) = pc.category_id) as recorded_right,
             audit.product_id is not null, verdict,
             rolled_up(latest_decision.category_id) = pc.category_id
           from predicted_category pc
           left join audit using (experiment_id, product_id)
           left join latest_decision on latest_decision.product_id = audit.product_id
           where experiment_id = ? order by pc.product_id""",
        (experiment,),
    ).fetchall()
    recorded = np.array([bool(right) for right, *_ in rows])
    sampled = [row for row, (_, chosen, _, _) in enumerate(rows) if chosen]
    verdicts = [rows[row][2] for row in sampled]
    moved_there = [bool(rows[row][3]) for row in sampled]
    confirmed = np.array([verdict == "keep" for verdict in verdicts])
    return AuditSample(
        recorded_right=recorded,
        sampled=np.array(sampled, dtype=np.int64),
        truly_right=np.where(confirmed, recorded[sampled], moved_there),
        doubtful=np.array([verdict == "ambiguous" for verdict in verdicts]),
        undecided=verdicts.count(None),
    )
