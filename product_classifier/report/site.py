"""The pages of a site but for those of experiments: overview, catalogue, label errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from product_classifier.evaluate.accuracy import TARGETS
from product_classifier.evaluate.judgement import Judged
from product_classifier.predictions import Mistake, Summary
from product_classifier.records import CatalogueState
from product_classifier.report.experiment_page import accuracy_cell
from product_classifier.report.label_errors import LabelErrors, name_of
from product_classifier.report.leaderboard import Entry, leaderboard_sections
from product_classifier.report.numbers import between, percent
from product_classifier.report.pages import Link, Section, Site, Table, product_entry, render
from product_classifier.report.plots import sizes_plot

COUNTED = (
    ("products", "products"),
    ("in more than one category", "several_categories"),
    ("in no category", "no_category"),
    ("without name and description", "no_text"),
    ("without description", "no_description"),
    ("without picture", "no_picture"),
    ("whose picture could not be had", "lost_pictures"),
)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Products with the same picture, or the same name and description."""

    groups: int
    products: int  # in those groups
    contradicting: int  # groups without a common category


def page_of(experiment: Summary, kind: str = "experiment") -> str:
    """Name the file of an experiment's page: of its figures, its errors or its labels."""
    return f"{kind}-{experiment.id}.html"


def overview_page(entries: Sequence[Entry], site: Site) -> str:
    """Set all experiments side by side, and then the models that share a split."""
    judged = [entry.judged for entry in entries]
    targets = list(judged[0].judgement.levels if judged and judged[0].judgement else ())
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


def catalogue_page(state: CatalogueState, duplicates: Duplicates, site: Site) -> str:
    """Show how large leaves are, and what is missing."""
    counts = [(name, f"{getattr(state, field):,}") for name, field in COUNTED]
    counts += [
        ("with the same picture or words as another one", f"{duplicates.products:,}"),
        ("groups of these", f"{duplicates.groups:,}"),
        ("groups without a category in common", f"{duplicates.contradicting:,}"),
        *((f"decided by a person: {verdict}", f"{n:,}") for verdict, n in state.decided.items()),
    ]
    sizes = sorted(state.leaves, key=lambda leaf: (-leaf[1], leaf[0]))
    filled = np.array([count for _, count in sizes if count], dtype=np.int64)
    return render(
        "sections.html",
        site,
        title="The catalogue",
        sections=[
            Section("Products", [Table(("what there is", "#products"), counts)]),
            Section(
                "Leaves",
                [Table(("leaf", "#products"), [(path, f"{n:,}") for path, n in sizes])],
                sizes_plot(filled) if len(filled) else None,
            ),
        ],
    )


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


def _certified(found: Judged) -> str:
    if not found.judgement:
        return "–"
    kept = (leaf.certificate for leaf, *_ in found.judgement.levels.values())
    return " / ".join(f"{one.accepted / one.total:.0%}" if one else "none" for one in kept)


def _audited(found: Judged) -> str:
    if not found.audit:
        return "open" if found.undecided else "–"
    return f"{found.audit.audited:.2%} {between(*found.audit.audited_interval, 2)}"
