"""The preview of an import as text: first products, category tree, skipped entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from product_classifier.printable import one_line, unbroken
from product_classifier.records import Category, Entry, Product, Skipped
from product_classifier.report.wording import number

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
