"""Reports of crawl.py: the result of a crawl, and the preview of an import.

The result is text, plain values for --json, or a page with bars.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from product_classifier.printable import one_line, unbroken
from product_classifier.records import Category, CategoryState, CrawlState, Entry, Product, Skipped
from product_classifier.report.pages import columns_of, padded, render
from product_classifier.report.wording import number

WIDE_SPREAD = 100  # products of the largest leaf / the smallest; above, bars are logarithmic


def crawl_text(state: CrawlState) -> str:
    """Return the leaves with the products stored and available, then failures by reason."""
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
            f"  {state.further:>9,} further pictures not tried: crawl.py --images-per-product N"
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
    """Return the state of a crawl for --json."""
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


ENTRIES = 20_000  # entries: enough to see how the file is parsed
PRODUCTS, CATEGORIES, PROBLEMS = 5, 40, 10  # shown


def preview_text(entries: Iterable[Entry]) -> str:
    """Return the beginning of an import as text."""
    rest = iter(entries)
    first_entries = list(islice(rest, ENTRIES))
    more = next(rest, None) is not None
    categories = {entry.id: entry for entry in first_entries if isinstance(entry, Category)}
    skipped = [entry for entry in first_entries if isinstance(entry, Skipped)]
    products: dict[str, Product] = {}
    within: set[tuple[str, str]] = set()
    for entry in first_entries:
        if isinstance(entry, Product):
            if products.setdefault(entry.id, entry).facts == entry.facts:
                within |= {(entry.id, category) for category in entry.categories}
            else:
                skipped.append(entry.contradicts())
    counts = Counter(category for _, category in within)
    first = islice(products.values(), PRODUCTS)
    lines = [line for product in first for line in _product(product, categories)]
    lines += [one_line(f"skipped: {entry.item}: {entry.reason}") for entry in skipped[:PROBLEMS]]
    total = f"{number(len(products), 'product')} in {number(len(categories), 'category')}"
    seen = f" among the first {ENTRIES:,} records, and there are more" if more else ""
    lines.append(f"{total}, {len(skipped):,} to be skipped{seen}")
    tree = list(_tree(categories.values(), counts))
    lines += tree[:CATEGORIES]
    if len(tree) > CATEGORIES:
        lines.append(f"  … {len(tree) - CATEGORIES:,} more categories")
    return "\n".join(lines)


def _product(product: Product, categories: dict[str, Category]) -> Iterator[str]:
    yield f"{unbroken(product.id)}: {_in_a_line(product.name) or '(no name)'}"
    if product.description:
        yield f"    {_in_a_line(product.description):.70}"
    for category in product.categories:
        yield f"    {unbroken(' > '.join(_names(category, categories)) or category)}"
    for image in filter(None, (product.image, *product.more_images)):
        yield f"    {unbroken(image)}"


def _in_a_line(text: str) -> str:
    return unbroken(" ".join(text.split()))


def _names(category: str | None, categories: dict[str, Category]) -> list[str]:
    names: list[str] = []
    while category in categories and len(names) <= len(categories):
        names.insert(0, categories[category].name)
        category = categories[category].parent
    return names


def _tree(categories: Iterable[Category], counts: Counter[str]) -> Iterator[str]:
    """Yield the lines of the category tree, each with the products directly in the category."""
    for category in sorted(categories, key=lambda category: category.path.split("/")):
        depth = category.path.count("/") + 1
        number = f"  {counts[category.id]:,}" if counts[category.id] else ""
        yield f"{'  ' * depth}{unbroken(category.name)}{number}"
