"""The result of a crawl as text, as plain values for --json, and as a page with bars."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from product_classifier.printable import unbroken
from product_classifier.records import CategoryState, CrawlState
from product_classifier.report.pages import columns_of, padded, render

WIDE_SPREAD = 100  # products of the largest leaf / the smallest; above, bars are logarithmic


def crawl_text(state: CrawlState) -> str:
    """Return the leaves with the products found and available, then failures by reason."""
    leaves = [category for category in state.categories if category.leaf]
    names = [unbroken(category.path or category.name) for category in leaves]
    width = max(map(columns_of, names), default=0)
    lines = [f"{state.products:,} products in {len(leaves):,} leaves"]
    for category, name in zip(leaves, names, strict=True):
        line = f"  {padded(name, width)} {category.products:>9,}"
        line += "" if category.expected is None else f" of {category.expected:,}"
        lines.append(line + (f"  failed: {unbroken(category.error)}" if category.error else ""))
    lines.append(f"{state.pictures:,} pictures complete, {state.waiting:,} not tried yet")
    if state.further:
        lines.append(
            f"  {state.further:>9,} more pictures not tried: crawl.py --images-per-product N"
        )
    lines += [
        f"  {count:>9,} marked {unbroken(label)}: left out where a product has others"
        for label, count in state.marked.items()
    ]
    lines += [f"  {count:>9,} {unbroken(reason)}" for reason, count in state.broken.items()]
    if state.skipped:
        lines.append(f"{sum(state.skipped.values()):,} skipped")
        lines += [f"  {count:>9,} {unbroken(reason)}" for reason, count in state.skipped.items()]
    return "\n".join(lines)


def crawl_values(state: CrawlState) -> Mapping[str, Any]:
    """Return the same for --json."""
    values = dataclasses.asdict(state)
    values["categories"] = [
        {"found" if name == "products" else name: value for name, value in category.items()}
        for category in values["categories"]
    ]  # as --json has called them since version 1
    return values


def crawl_page(state: CrawlState) -> str:
    """Return a page with a bar for each leaf, the largest first: one file without scripts."""
    leaves = sorted(
        (category for category in state.categories if category.leaf),
        key=lambda category: (-category.products, category.path),
    )
    filled = [category.products for category in leaves if category.products]
    logarithmic = bool(filled) and filled[0] > WIDE_SPREAD * filled[-1]
    return render(
        "crawl.html",
        state=state,
        leaves=[(category, _share(category, filled, logarithmic)) for category in leaves],
        logarithmic=logarithmic,
        expected_known=any(category.expected is not None for category in leaves),
        failed=[category for category in leaves if category.error],
    )


def _share(category: CategoryState, filled: list[int], logarithmic: bool) -> float:
    """Return the length of a leaf's bar as a share of the longest, 0 to 1."""
    if not category.products:
        return 0.0
    if logarithmic:
        return math.log(category.products + 1) / math.log(filled[0] + 1)
    return category.products / filled[0]
