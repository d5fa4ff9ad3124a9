"""Pages of a site: the overview, the label errors, and the most confident errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from product_classifier.evaluate.accuracy import TARGETS
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import LeaderboardEntry
from product_classifier.predictions import LabelErrors, Mistake, Summary
from product_classifier.report.comparison import leaderboard_sections
from product_classifier.report.experiment_page import accuracy_cell
from product_classifier.report.label_errors import name_of
from product_classifier.report.pages import Link, Site, Table, product_entry, render
from product_classifier.report.wording import between, percent


def page_of(experiment: Summary, kind: str = "experiment") -> str:
    """Return the file name of an experiment's page; kind: experiment, errors or labels."""
    return f"{kind}-{experiment.id}.html"


def overview_page(entries: Sequence[LeaderboardEntry], site: Site) -> str:
    """Return the page with all experiments, then a leaderboard for each split."""
    evaluations = [entry.evaluation for entry in entries]
    targets = list(
        evaluations[0].certification.levels if evaluations and evaluations[0].certification else ()
    )
    rows = [
        (
            Link(
                page_of(evaluation.experiment),
                f"#{evaluation.experiment.id}: {evaluation.experiment.name}",
            ),
            f"{evaluation.figures.leaf.total:,}",
            accuracy_cell(evaluation.figures.leaf),
            " / ".join(f"{c.share:.0%}" for c in evaluation.figures.leaf.coverage.values()),
            _certified(evaluation),
            _audited(evaluation),
        )
        for evaluation in evaluations
    ]
    columns = (
        *("experiment", "#test products", "#accuracy, 95% interval"),
        f"#in hindsight at {' / '.join(map(percent, TARGETS))}",
        f"#certified at {' / '.join(map(percent, targets))}",
        "#audited accuracy",
    )
    boards = leaderboard_sections(entries)
    return render("index.html", site, experiments=Table(columns, rows), leaderboards=boards)


def labels_page(
    errors: LabelErrors, pictured: Iterable[tuple[Mistake, bytes | None]], site: Site
) -> str:
    """Return the page of suspicious labels and of categories that might be the same."""
    searched = errors.searched
    return render(
        "labels.html",
        site,
        experiment=errors.experiment,
        searched=searched,
        noise="" if searched.noise is None else f"{searched.noise:.1%}",
        overlaps=Table(
            ("#share", "category", "other category"),
            [(f"{share:.1%}", *categories) for *categories, share in searched.overlaps],
        ),
        contradictions=Table(
            ("product", "ids and categories"),
            [
                (
                    name_of(group[0]),
                    "; ".join(
                        f"{product.product_id} ({', '.join(product.categories)})"
                        for product in group
                    ),
                )
                for group in errors.contradictions
            ],
        ),
        entries=[product_entry(product, picture) for product, picture in pictured],
    )


def _certified(evaluation: Evaluation) -> str:
    if not evaluation.certification:
        return "–"
    certificates = (leaf.certificate for leaf, *_ in evaluation.certification.levels.values())
    return " / ".join(f"{c.accepted / c.total:.0%}" if c else "none" for c in certificates)


def _audited(evaluation: Evaluation) -> str:
    if not evaluation.audit:
        return "open" if evaluation.undecided else "–"
    return f"{evaluation.audit.audited:.2%} {between(*evaluation.audit.audited_interval, 2)}"


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
