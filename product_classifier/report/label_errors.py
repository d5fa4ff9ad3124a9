"""Labels that are probably wrong, as text and as plain values for --json."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from product_classifier.predictions import LabelErrors, LabelSearchSummary, Mistake, Neighbour
from product_classifier.printable import strip_html, unbroken

NEARLY_THE_SAME = 0.95  # similarity of products that should have one label
SIMILAR_SHOWN = 3


def label_errors_text(errors: LabelErrors) -> str:
    """Return suspicious labels, categories that might be the same, and contradicting duplicates."""
    searched = errors.searched
    noise = ""
    if searched.noise is not None:
        count = round(searched.noise * searched.products)
        noise = f"; {searched.noise:.1%} of them look wrong ({count:,}), by confident learning"
    lines = [
        f"#{errors.experiment.id}: {unbroken(errors.experiment.name)}",
        f"  {searched.products:,} labels examined on {searched.date}{noise}",
    ]
    for title, section in (
        ("Most suspicious labels of products without a decision", _suspicious(errors.suspicious)),
        ("Categories that might be the same", _overlaps(searched)),
        ("Same picture or words, other category", _contradictions(errors.contradictions)),
    ):
        if section_lines := list(map(unbroken, section)):
            lines += ["", f"  {title}:", *section_lines]
    return "\n".join(lines) + "\n"


def label_errors_values(errors: LabelErrors) -> dict[str, Any]:
    """Return the suspicious labels and contradicting duplicates for --json."""
    values = dataclasses.asdict(errors.searched)
    values["evidence"] = values.pop("fingerprint")  # the name that programs know
    return {
        "experiment": errors.experiment.id,
        **values,
        "suspicious": [dataclasses.asdict(mistake) for mistake in errors.suspicious],
        "contradictions": [
            [dataclasses.asdict(product) for product in group] for group in errors.contradictions
        ],
    }


def near_duplicates(mistake: Mistake) -> list[Neighbour]:
    """Return the neighbours that are nearly the same product but have no category in common."""
    return [
        other
        for other in mistake.neighbours
        if other.similarity >= NEARLY_THE_SAME and not {*other.categories} & {*mistake.categories}
    ]


def name_of(product: Mistake | Neighbour) -> str:
    """Return a product's name without HTML, on one line."""
    return " ".join(strip_html(product.name).split()) or "(no name)"


def _suspicious(mistakes: Sequence[Mistake]) -> Iterator[str]:
    for mistake in mistakes:
        yield f"    {mistake.suspicion:.4f}  {mistake.product_id}  {name_of(mistake)}"
        suggested = f"{mistake.predicted} ({mistake.score:.2f})" if mistake.predicted else "nothing"
        yield f"            {', '.join(mistake.categories)} → {suggested}"
        if mistake.neighbours:
            alike = [
                f"{', '.join(other.categories)} ({other.similarity:.2f})"
                for other in mistake.neighbours[:SIMILAR_SHOWN]
            ]
            yield f"            most similar: {'; '.join(alike)}"
        for twin in near_duplicates(mistake):
            yield f"            nearly the same: {twin.product_id}  {name_of(twin)}"


def _overlaps(searched: LabelSearchSummary) -> Iterator[str]:
    for first, second, share in searched.overlaps:
        yield f"    {share:6.1%}  {first} / {second}"


def _contradictions(groups: Sequence[Sequence[Neighbour]]) -> Iterator[str]:
    for group in groups:
        members = (f"{product.product_id} ({', '.join(product.categories)})" for product in group)
        yield f"    {name_of(group[0])}: {'; '.join(members)}"
