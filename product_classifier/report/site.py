"""The pages of a site but for those of experiments: overview, label errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from product_classifier.evaluate.accuracy import TARGETS
from product_classifier.evaluate.certification import Evaluation
from product_classifier.evaluate.comparison import LeaderboardEntry
from product_classifier.predictions import LabelErrors, Mistake, Summary
from product_classifier.report.experiment_page import accuracy_cell
from product_classifier.report.label_errors import name_of
from product_classifier.report.leaderboard import leaderboard_sections
from product_classifier.report.pages import Link, Site, Table, product_entry, render
from product_classifier.report.wording import between, percent


def page_of(experiment: Summary, kind: str = "experiment") -> str:
    """Name the file of an experiment's page: of its figures, its errors or its labels."""
    return f"{kind}-{experiment.id}.html"


def overview_page(entries: Sequence[LeaderboardEntry], site: Site) -> str:
    """Set all experiments side by side, and then the models that share a split."""
    judged = [entry.evaluation for entry in entries]
    targets = list(judged[0].certification.levels if judged and judged[0].certification else ())
    rows = [
        (
            Link(page_of(found.experiment), f"#{found.experiment.id}: {found.experiment.name}"),
            f"{found.figures.leaf.total:,}",
            accuracy_cell(found.figures.leaf),
            " / ".join(f"{c.share:.0%}" for c in found.figures.leaf.coverage.values()),
            _certified(found),
            _audited(found),
        )
        for found in judged
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
    found: LabelErrors, pictured: Iterable[tuple[Mistake, bytes | None]], site: Site
) -> str:
    """Show suspicious labels with their pictures, and categories that might be one."""
    searched = found.searched
    return render(
        "labels.html",
        site,
        experiment=found.experiment,
        searched=searched,
        noise="" if searched.noise is None else f"{searched.noise:.1%}",
        overlaps=Table(
            ("#share", "category", "other category"),
            [(f"{share:.1%}", one, other) for one, other, share in searched.overlaps],
        ),
        contradictions=Table(
            ("product", "ids and categories"),
            [
                (
                    name_of(group[0]),
                    "; ".join(f"{one.product_id} ({', '.join(one.categories)})" for one in group),
                )
                for group in found.contradictions
            ],
        ),
        entries=[product_entry(product, picture) for product, picture in pictured],
    )


def _certified(found: Evaluation) -> str:
    if not found.certification:
        return "–"
    kept = (leaf.certificate for leaf, *_ in found.certification.levels.values())
    return " / ".join(f"{one.accepted / one.total:.0%}" if one else "none" for one in kept)


def _audited(found: Evaluation) -> str:
    if not found.audit:
        return "open" if found.undecided else "–"
    return f"{found.audit.audited:.2%} {between(*found.audit.audited_interval, 2)}"
