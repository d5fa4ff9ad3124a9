"""Categories, each by itself, as text for people and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.evaluate.categories import Average, CategoryEvaluation
from product_classifier.predictions import Summary
from product_classifier.printable import unbroken
from product_classifier.report.pages import columns_of, padded
from product_classifier.report.wording import known, percent, share

CONFUSED = 3  # categories that one is taken for, on a line


def categories_text(
    found: Sequence[tuple[Summary, CategoryEvaluation]], paths: Mapping[int, str]
) -> str:
    """Write a table for each experiment; paths: by category."""
    return "\n\n".join("\n".join(_table(*one, paths)) for one in found) + "\n"


def categories_values(
    found: Sequence[tuple[Summary, CategoryEvaluation]], paths: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Lay out the same, unrounded, for --json."""
    return [
        {
            "id": experiment.id,
            "name": experiment.name,
            "averages": dict(_averages(categories)),
            "categories": list(category_rows(categories, paths)),
        }
        for experiment, categories in found
    ]


def category_rows(found: CategoryEvaluation, paths: Mapping[int, str]) -> Iterator[dict[str, Any]]:
    """Tell of each category what is known, the worst first; None where nothing is to divide by."""
    figures = found.figures
    for k in found.worst_first.tolist():
        yield {
            "category": paths[k],
            "support": int(figures.support[k]),
            "predicted": int(figures.predicted[k]),
            "precision": known(figures.precision[k]),
            "recall": known(figures.recall[k]),
            "f1": known(figures.f1[k]),
            "covered": {f"{target:g}": known(share[k]) for target, share in found.covered.items()},
            "confused_with": [
                {"category": paths[other], "products": count}
                for other, count in found.confused.get(k, [])
            ],
        }


def average_rows(found: CategoryEvaluation) -> list[tuple[str, Average]]:
    """Name the averages."""
    return [
        ("micro", found.averages.micro),
        ("macro", found.averages.macro),
        ("weighted", found.averages.weighted),
        ("hierarchical", found.hierarchical),
    ]


def _table(
    experiment: Summary, found: CategoryEvaluation, paths: Mapping[int, str]
) -> Iterator[str]:
    rows = list(category_rows(found, paths))
    names = [unbroken(row["category"]) for row in rows]
    averages = average_rows(found)
    width = max(map(columns_of, [*names, *(name for name, _ in averages)]))
    covered = "".join(f"{'at ' + percent(target):>10}" for target in found.covered)
    yield f"#{experiment.id}: {unbroken(experiment.name)}"
    yield f"  {'':<{width}} support precision  recall       F{covered}  taken for"
    for name, average in averages:
        yield (
            f"  {name:<{width}} {'':>7} {share(average.precision):>9} {share(average.recall):>7} "
            f"{share(average.f1):>7}"
        )
    for row, name in zip(rows, names, strict=True):
        shares = "".join(f"{share(value):>10}" for value in row["covered"].values())
        confused = ", ".join(
            f"{unbroken(other['category'])} ({other['products']})"
            for other in row["confused_with"][:CONFUSED]
        )
        yield (
            f"  {padded(name, width)} {row['support']:>7,} {share(row['precision']):>9} "
            f"{share(row['recall']):>7} {share(row['f1']):>7}{shares}  {confused}"
        ).rstrip()


def _averages(found: CategoryEvaluation) -> Iterator[tuple[str, Mapping[str, float | None]]]:
    for name, average in average_rows(found):
        yield (
            name,
            {
                "precision": known(average.precision),
                "recall": known(average.recall),
                "f1": known(average.f1),
            },
        )
