"""The page of an experiment's most confident errors, to be seen by pair and by category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from product_classifier.predictions import Mistake, Summary
from product_classifier.report.pages import Site, product_entry, render


class Filter(NamedTuple):
    """A link that leaves one kind of errors on the page; without scripts, by CSS :target."""

    id: str  # ours, not the catalogue's
    names: Sequence[str]
    errors: int


def errors_page(
    experiment: Summary,
    mistakes: Iterable[tuple[Mistake, bytes | None]],
    total: int,
    site: Site | None = None,
) -> str:
    """Write the page, errors in the order given, each with its picture's bytes if it has any.

    total: how many errors the experiment has, shown or not.
    """
    entries = [product_entry(mistake, picture) for mistake, picture in mistakes]
    places = [((", ".join(entry["categories"]), entry["predicted"]),) for entry in entries]
    pairs = _filters("pair", places)
    sides = [[(side,) for side in sorted({*e["categories"], e["predicted"]})] for e in entries]
    categories = _filters("category", sides)
    known = {filter.names: filter.id for filter in pairs + categories}
    shown = [
        {**entry, "filters": [known[names] for names in (*pair, *both)]}
        for entry, pair, both in zip(entries, places, sides, strict=True)
    ]
    return render(
        "errors.html",
        site,
        experiment=experiment,
        entries=shown,
        total=total,
        pairs=pairs,
        categories=categories,
    )


def _filters(kind: str, of_each: Iterable[Iterable[tuple[str, ...]]]) -> list[Filter]:
    """Give numbers to what errors can be chosen by, the most frequent first."""
    counted = Counter(names for kinds in of_each for names in kinds)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [
        Filter(f"{kind}-{number}", names, count) for number, (names, count) in enumerate(ranked, 1)
    ]
