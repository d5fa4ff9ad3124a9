"""Labels that are probably wrong, as text for people and as plain values for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from product_classifier.plain_text import strip_html
from product_classifier.predictions import LabelErrors, LabelSearchSummary, Mistake, Neighbour
from product_classifier.printable import unbroken

NEARLY_THE_SAME = 0.95  # similarity of products that should have one label
SHOWN_ALIKE = 3


def label_errors_text(found: LabelErrors) -> str:
    """List suspicious labels, categories that might be one, and duplicates that contradict."""
    searched = found.searched
    noise = ""
    if searched.noise is not None:
        count = round(searched.noise * searched.products)
        noise = f"; {searched.noise:.1%} of them look wrong ({count:,}), by confident learning"
    lines = [
        f"#{found.experiment.id}: {unbroken(found.experiment.name)}",
        f"  {searched.products:,} labels looked at on {searched.date}{noise}",
    ]
    for title, section in (
        ("Most suspicious, without those decided", _suspicious(found.suspicious)),
        ("Categories that might be one", _overlaps(searched)),
        ("Same picture or words, other category", _contradictions(found.contradictions)),
    ):
        if told := list(map(unbroken, section)):
            lines += ["", f"  {title}:", *told]
    return "\n".join(lines) + "\n"


def label_errors_values(found: LabelErrors) -> dict[str, Any]:
    """Lay out the same for --json."""
    values = dataclasses.asdict(found.searched)
    values["evidence"] = values.pop("fingerprint")  # the name that programs know
    return {
        "experiment": found.experiment.id,
        **values,
        "suspicious": [dataclasses.asdict(mistake) for mistake in found.suspicious],
        "contradictions": [
            [dataclasses.asdict(product) for product in group] for group in found.contradictions
        ],
    }


def near_duplicates(mistake: Mistake) -> list[Neighbour]:
    """List what is nearly the same as a product and has no category in common with it."""
    return [
        other
        for other in mistake.neighbours
        if other.similarity >= NEARLY_THE_SAME and not {*other.categories} & {*mistake.categories}
    ]


def name_of(product: Mistake | Neighbour) -> str:
    """Write a product's name on one line."""
    return " ".join(strip_html(product.name).split()) or "(no name)"


def _suspicious(mistakes: Sequence[Mistake]) -> Iterator[str]:
    for mistake in mistakes:
        yield f"    {mistake.suspicion:.4f}  {mistake.product_id}  {name_of(mistake)}"
        suggested = f"{mistake.predicted} ({mistake.score:.2f})" if mistake.predicted else "nothing"
        yield f"            {', '.join(mistake.categories)} → {suggested}"
        if mistake.neighbours:
            alike = [
                f"{', '.join(other.categories)} ({other.similarity:.2f})"
                for other in mistake.neighbours[:SHOWN_ALIKE]
            ]
            yield f"            most alike: {'; '.join(alike)}"
        for twin in near_duplicates(mistake):
            yield f"            nearly the same: {twin.product_id}  {name_of(twin)}"


def _overlaps(searched: LabelSearchSummary) -> Iterator[str]:
    for one, other, share in searched.overlaps:
        yield f"    {share:6.1%}  {one} / {other}"


def _contradictions(groups: Sequence[Sequence[Neighbour]]) -> Iterator[str]:
    for group in groups:
        told = (f"{product.product_id} ({', '.join(product.categories)})" for product in group)
        yield f"    {name_of(group[0])}: {'; '.join(told)}"
