"""The metrics of each category, as text and as plain values for --json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.evaluate.categories import Average, CategoryEvaluation
from product_classifier.predictions import Summary
from product_classifier.printable import unbroken
from product_classifier.report.pages import columns_of, padded
from product_classifier.report.wording import percent, share, without_nan

CONFUSED = 3  # categories in the column "confused with"


def categories_text(
    evaluations: Sequence[tuple[Summary, CategoryEvaluation]], paths: Mapping[int, str]
) -> str:
    """Return a table for each experiment; paths: by category."""
    return "\n\n".join("\n".join(_table(*evaluation, paths)) for evaluation in evaluations) + "\n"


def categories_values(
    evaluations: Sequence[tuple[Summary, CategoryEvaluation]], paths: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return the figures of the categories, unrounded, for --json."""
    return [
        {
            "id": experiment.id,
            "name": experiment.name,
            "averages": dict(_averages(categories)),
            "categories": list(category_rows(categories, paths)),
        }
        for experiment, categories in evaluations
    ]


def category_rows(
    categories: CategoryEvaluation, paths: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    """Yield the metrics of each category, the lowest F1 first; None for 0 / 0."""
    figures = categories.figures
    for k in categories.worst_first.tolist():
        yield {
            "category": paths[k],
            "support": int(figures.support[k]),
            "predicted": int(figures.predicted[k]),
            "precision": without_nan(figures.precision[k]),
            "recall": without_nan(figures.recall[k]),
            "f1": without_nan(figures.f1[k]),
            "covered": {
                f"{target:g}": without_nan(share[k]) for target, share in categories.covered.items()
            },
            "confused_with": [
                {"category": paths[other], "products": count}
                for other, count in categories.confused.get(k, [])
            ],
        }


def average_rows(categories: CategoryEvaluation) -> list[tuple[str, Average]]:
    """Return the averages with their names."""
    return [
        ("micro", categories.averages.micro),
        ("macro", categories.averages.macro),
        ("weighted", categories.averages.weighted),
        ("hierarchical", categories.hierarchical),
    ]


def _table(
    experiment: Summary, categories: CategoryEvaluation, paths: Mapping[int, str]
) -> Iterator[str]:
    rows = list(category_rows(categories, paths))
    names = [unbroken(row["category"]) for row in rows]
    averages = average_rows(categories)
    width = max(map(columns_of, [*names, *(name for name, _ in averages)]))
    covered = "".join(f"{'at ' + percent(target):>10}" for target in categories.covered)
    yield f"#{experiment.id}: {unbroken(experiment.name)}"
    yield f"  {'':<{width}} support precision  recall      F1{covered}  confused with"
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


def _averages(categories: CategoryEvaluation) -> Iterator[tuple[str, Mapping[str, float | None]]]:
    for name, average in average_rows(categories):
        yield (
            name,
            {
                "precision": without_nan(average.precision),
                "recall": without_nan(average.recall),
                "f1": without_nan(average.f1),
            },
        )
