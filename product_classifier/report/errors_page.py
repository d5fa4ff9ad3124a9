"""The page of an experiment's most confident errors, with filters by pair and by category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from product_classifier.predictions import Mistake, Summary
from product_classifier.report.pages import Site, product_entry, render


class Filter(NamedTuple):
    """A link that hides all errors but one kind, by CSS :target instead of a script."""

    id: str  # chosen here, never text of the catalogue
    names: Sequence[str]
    errors: int


def errors_page(
    experiment: Summary,
    mistakes: Iterable[tuple[Mistake, bytes | None]],
    total: int,
    site: Site | None = None,
) -> str:
    """Return the page, errors in the order of `mistakes`, each with its picture's bytes or None.

    total: the number of errors of the experiment, shown or not.
    """
    entries = [product_entry(mistake, picture) for mistake, picture in mistakes]
    places = [((", ".join(entry["categories"]), entry["predicted"]),) for entry in entries]
    pairs = _filters("pair", places)
    sides = [[(side,) for side in sorted({*e["categories"], e["predicted"]})] for e in entries]
    categories = _filters("category", sides)
    ids = {filter.names: filter.id for filter in pairs + categories}
    shown = [
        {**entry, "filters": [ids[names] for names in (*pair, *both)]}
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
    """Return a filter for each distinct tuple of names, the most frequent first."""
    counted = Counter(names for kinds in of_each for names in kinds)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [
        Filter(f"{kind}-{number}", names, count) for number, (names, count) in enumerate(ranked, 1)
    ]
