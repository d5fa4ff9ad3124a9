"""Limits on how much a source may store for one product or category, so that no file fills a disk.

A category is stored with the whole path down to it, and a product's id with each of its pictures
and categories: without limits, 129 kB of CSV make a database of 5 GB. Real catalogues stay far
below the limits; entries beyond them are skipped, with the reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from product_classifier.errors import UnusableError
from product_classifier.printable import storable
from product_classifier.records import Category, Entry, Page, Product, Skipped

T = TypeVar("T", Category, Product, Skipped)
DEEPEST_PATH = 50  # levels
LONGEST_PATH = 5_000  # characters; each level is stored with the path above it
LONGEST_ID = 1_000  # characters, as for the next four
LONGEST_NAME = 10_000
LONGEST_DESCRIPTION = 1_000_000
LONGEST_ADDRESS = 8_000  # of a picture
LONGEST_REASON = 1_000  # for skipping an entry
MOST_PICTURES = 250  # further pictures of a product; Shopify allows as many
MOST_CATEGORIES = 250  # of a product
BATCH = 5_000  # entries
BATCH_CHARACTERS = 16_000_000  # of all entries of a batch; a single entry may have more


def check_path(names: Sequence[str]) -> None:
    """Raise UnusableError if the names or ids of a path are too many or too long when joined."""
    if len(names) > DEEPEST_PATH:
        raise UnusableError(
            f"its category path has {len(names):,} levels, more than {DEEPEST_PATH}; "
            "is the separator right?"
        )
    characters = sum(map(len, names)) + len(names) - 1
    if characters > LONGEST_PATH:
        raise UnusableError(
            f"its category path has {characters:,} characters, more than {LONGEST_PATH:,}"
        )


def check_category(category: Category) -> None:
    """Raise UnusableError if a category exceeds a limit."""
    if problem := _problem_of_category(category):
        raise UnusableError(problem)


def too_many(what: str, count: int, most: int) -> str:
    """Return the reason for taking only the first `most` of a product's pictures or categories."""
    return f"it has {count:,} {what}; the first {most} are used"


def limited_page(page: Page) -> Page:
    """Return a page whose entries are within the limits; `skipped` has the others, with reasons."""
    entries = list(LimitFilter().filtered([*page.categories, *page.products, *page.skipped]))
    return dataclasses.replace(
        page,
        categories=[entry for entry in entries if isinstance(entry, Category)],
        products=[entry for entry in entries if isinstance(entry, Product)],
        skipped=[entry for entry in entries if isinstance(entry, Skipped)],
    )


class LimitFilter:
    """A filter that passes entries within the limits and replaces the others by Skipped.

    A product loses only the parts that exceed a limit: its picture, a category, further pictures
    after the first 250. All categories below a refused category are refused too.
    """

    def __init__(self) -> None:
        self._refused: set[str] = set()  # ids of categories
        self._has_mended_ids = False  # whether a category's stored text differs from the source's

    def batches(self, entries: Iterable[Entry]) -> Iterator[list[Entry]]:
        """Yield the filtered entries in lists of bounded size, BATCH and BATCH_CHARACTERS."""
        batch: list[Entry] = []
        add, characters = batch.append, 0
        for entry in entries:
            if not isinstance(entry, Product):
                add(self._category_or_skipped(entry))
                characters += LONGEST_REASON
            elif (
                len(entry.id) > LONGEST_ID
                or len(entry.name) > LONGEST_NAME
                or len(entry.description) > LONGEST_DESCRIPTION
                or (entry.image is not None and len(entry.image) > LONGEST_ADDRESS)
                or entry.more_images
                or len(entry.categories) > 1
                or self._refused
                or self._has_mended_ids
                or storable(text := f"{entry.id} {entry.name} {entry.description} {entry.image}")
                is not text
            ):
                for part in self._limited_product(entry):
                    add(part)
                    characters += _characters(part)
            else:  # the common case, in which a million products are imported
                add(entry)
                characters += len(entry.description)
            if len(batch) >= BATCH or characters > BATCH_CHARACTERS:
                yield batch
                batch = []
                add, characters = batch.append, 0
        if batch:
            yield batch

    def filtered(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield the filtered entries one by one."""
        for batch in self.batches(entries):
            yield from batch

    def _category_or_skipped(self, entry: Category | Skipped) -> Category | Skipped:
        if isinstance(entry, Skipped):
            return _shortened(_mended(entry))
        category = _mended(entry)
        self._has_mended_ids = self._has_mended_ids or category is not entry
        problem = _problem_of_category(category)
        if not problem and category.parent in self._refused:
            problem = "its parent category is refused"
        if not problem:
            return category
        if len(category.id) <= LONGEST_PATH:  # products in a category of a longer id lose it anyway
            self._refused.add(category.id)
        return Skipped("category", _abbreviated(category.id), problem)

    def _limited_product(self, product: Product) -> Iterator[Product | Skipped]:
        """Yield a Skipped for each part of a product beyond a limit, then the product without."""
        product = _mended(product)
        place = _abbreviated(product.place or product.id)
        if problem := _problem_of_product(product):
            yield Skipped("product", place, problem)
            return
        image, more, categories = product.image, product.more_images, product.categories
        if image is not None and len(image) > LONGEST_ADDRESS:
            yield Skipped(
                "image", place, _too_long("its picture's address", image, LONGEST_ADDRESS)
            )
            image = None
        if any(len(address) > LONGEST_ADDRESS for address in more):
            more = tuple(address for address in more if len(address) <= LONGEST_ADDRESS)
            longest = max(product.more_images, key=len)
            reason = _too_long("the address of a further picture", longest, LONGEST_ADDRESS)
            yield Skipped("image", place, reason)
        if len(more) > MOST_PICTURES:
            reason = too_many("further pictures", len(more), MOST_PICTURES)
            yield Skipped("image", place, reason)
            more = more[:MOST_PICTURES]
        usable = tuple(
            identity
            for identity in categories
            if len(identity) <= LONGEST_PATH and identity not in self._refused
        )
        if len(usable) < len(categories):
            categories = usable
            yield Skipped("category", place, "its category is refused")
        if len(categories) > MOST_CATEGORIES:
            reason = too_many("categories", len(categories), MOST_CATEGORIES)
            yield Skipped("category", place, reason)
            categories = categories[:MOST_CATEGORIES]
        if (image, more, categories) != (product.image, product.more_images, product.categories):
            product = dataclasses.replace(
                product, image=image, more_images=more, categories=categories
            )
        yield product


def _mended(entry: T) -> T:
    """Return the entry itself if all its texts can be stored, else a copy with storable texts."""
    mended: dict[str, Any] = {}
    for field in dataclasses.fields(entry):
        value = getattr(entry, field.name)
        if isinstance(value, str) and (text := storable(value)) is not value:
            mended[field.name] = text
        elif isinstance(value, tuple) and (texts := tuple(map(storable, value))) != value:
            mended[field.name] = tuple(dict.fromkeys(texts))
    return dataclasses.replace(entry, **mended) if mended else entry


def _problem_of_category(category: Category) -> str:
    """Return which limit a category exceeds, or ''."""
    levels = category.path.count("/") + 1
    if levels > DEEPEST_PATH:
        return f"its path has {levels:,} levels, more than {DEEPEST_PATH}"
    longest = max(category.path, category.id, key=len)
    if len(longest) > LONGEST_PATH:
        return _too_long("its path", longest, LONGEST_PATH)
    names = category.name, category.translated or ""
    if any(len(name) > LONGEST_NAME for name in names):
        return _too_long("its name", max(names, key=len), LONGEST_NAME)
    return ""


def _problem_of_product(product: Product) -> str:
    """Return which limit the texts of a product exceed, or ''."""
    limits = (
        ("id", product.id, LONGEST_ID),
        ("name", product.name, LONGEST_NAME),
        ("description", product.description, LONGEST_DESCRIPTION),
    )
    for field, text, longest in limits:
        if len(text) > longest:
            return _too_long(f"its {field}", text, longest)
    return ""


def _too_long(what: str, text: str, longest: int) -> str:
    return f"{what} has {len(text):,} characters, more than {longest:,}"


def _characters(entry: Product | Skipped) -> int:
    """Return about how many characters an entry takes, counting repeated ones as they are stored.

    A product's id is stored once more with each of its further pictures and categories.
    """
    if isinstance(entry, Skipped):
        return LONGEST_REASON
    times = len(entry.more_images) + len(entry.categories)
    return len(entry.description) + sum(map(len, entry.more_images)) + times * len(entry.id)


def _shortened(entry: Skipped) -> Skipped:
    if len(entry.item) <= LONGEST_ID and len(entry.reason) <= LONGEST_REASON:
        return entry
    return Skipped(entry.kind, _abbreviated(entry.item), _abbreviated(entry.reason))


def _abbreviated(text: str) -> str:
    """Return text for a message, with its middle left out if it is long."""
    return text if len(text) <= LONGEST_REASON else f"{text[:500]} … {text[-400:]}"
