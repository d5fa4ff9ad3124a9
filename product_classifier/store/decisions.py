"""What persons say of labels: stored beside what was crawled, never over it."""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from product_classifier.printable import one_line
from product_classifier.records import Decided, Decision
from product_classifier.store.database import now, transaction

SHOWN = 200  # characters of what cannot be used
HINTED = 20  # such lines; guessing what was meant takes time
ESCAPED = re.compile(r"\\u((?!d[89a-f])[0-9a-f]{4})")  # but halves of characters
VERDICTS = ("keep", "ambiguous")  # as a person writes them; anything else is a category


@dataclass(frozen=True)
class Imported:
    """What has become of a review file's decisions."""

    stored: Counter[str] = field(default_factory=Counter)  # by verdict
    known: int = 0  # said before by the same person
    replaced: int = 0  # of those stored: they contradict an earlier one
    problems: tuple[str, ...] = ()  # what could not be used, and why


def import_decisions(db: sqlite3.Connection, lines: Iterable[Decided], person: str) -> Imported:
    """Store all decisions that can be understood, in one transaction, and tell of the others."""
    with transaction(db):
        decisions, problems = _understood(db, lines)
        latest = {
            product: (verdict, category, who)
            for product, verdict, category, who in db.execute(
                "select product_id, verdict, category_id, person from latest_decision"
            )
        }
        new = [
            found
            for found in decisions
            if latest.get(found.product_id) != (found.verdict, found.category_id, person)
        ]
        db.executemany(
            """insert into decision (product_id, verdict, category_id, person, date)
               values (?, ?, ?, ?, ?)""",
            ((d.product_id, d.verdict, d.category_id, person, now()) for d in new),
        )
    return Imported(
        Counter(found.verdict for found in new),
        len(decisions) - len(new),
        sum(
            latest.get(d.product_id, (d.verdict, d.category_id))[:2] != (d.verdict, d.category_id)
            for d in new
        ),
        tuple(problems),
    )


def _understood(
    db: sqlite3.Connection, lines: Iterable[Decided]
) -> tuple[list[Decision], list[str]]:
    """Turn lines into decisions, and say what is wrong with the rest."""
    names = _categories(db)
    found: dict[str, tuple[Decided, Decision]] = {}
    problems: list[str] = []
    contradicted: set[str] = set()
    for line in lines:
        decision = _decision(db, line, names, hinting=len(problems) < HINTED)
        if isinstance(decision, str):
            problems.append(f"line {line.line}: {decision}")
            continue
        first, known = found.setdefault(decision.product_id, (line, decision))
        if known != decision:
            problems.append(
                f"lines {first.line} and {line.line} contradict each other about product "
                f"{one_line(line.product_id, SHOWN)}; neither is stored"
            )
            contradicted.add(decision.product_id)
    kept = [decision for _, decision in found.values() if decision.product_id not in contradicted]
    return kept, problems


def _decision(
    db: sqlite3.Connection, line: Decided, names: Mapping[str, tuple[str, bool]], hinting: bool
) -> Decision | str:
    """Understand one line, or say why not; hinting: say which categories might be meant."""
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
        return f"{line.decision!r} is not a leaf; name one below it"
    if recorded == {category}:
        return Decision(product, "keep")
    return Decision(product, "move", category)


def as_stored(text: str) -> str:
    r"""Return text with escapes such as \u001b, which stand in files for control characters."""
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _hint(text: str, names: Mapping[str, tuple[str, bool]]) -> str:
    leaves = [name for name, (_, leaf) in names.items() if leaf]
    near = difflib.get_close_matches(text, leaves, n=2, cutoff=0.4)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _is_product(db: sqlite3.Connection, product: str) -> bool:
    return bool(db.execute("select 1 from product where id = ?", (product,)).fetchone())


def _categories(db: sqlite3.Connection) -> dict[str, tuple[str, bool]]:
    """Map ids and paths to ids, and tell which are leaves; where both name one, the id counts."""
    rows = db.execute("select id, path, leaf from category").fetchall()
    return {
        name: (row[0], bool(row[2])) for place in (1, 0) for row in rows if (name := row[place])
    }
