"""How much a source may say of one product or category, so that no small file fills a disk.

A category is stored with the whole path down to it, and a product's id with each of its pictures
and categories: without limits, 129 kB of CSV make a database of 5 GB. Real catalogues stay far
below them; what lies beyond is skipped, with the reason.
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
LONGEST_PATH = 5_000  # characters; each level is stored with all above it
LONGEST_ID = 1_000  # characters, as all that follow
LONGEST_NAME = 10_000
LONGEST_DESCRIPTION = 1_000_000
LONGEST_ADDRESS = 8_000  # of a picture
LONGEST_REASON = 1_000  # why something is skipped
MOST_PICTURES = 250  # further ones of a product: as many as Shopify takes
MOST_CATEGORIES = 250  # of a product
BATCH = 5_000  # entries
BATCH_CHARACTERS = 16_000_000  # of all of a batch together; one entry may have more


def check_path(names: Sequence[str]) -> None:
    """Check the names or ids of a path before they are joined. Raises UnusableError."""
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
    """Check a category. Raises UnusableError."""
    if problem := _problem_of_category(category):
        raise UnusableError(problem)


def too_many(what: str, count: int, most: int) -> str:
    """Say that a product has more of something than is taken."""
    return f"it has {count:,} {what}; the first {most} are taken"


def limited_page(page: Page) -> Page:
    """Return a page as far as it is within the limits."""
    found = list(LimitFilter().filtered([*page.categories, *page.products, *page.skipped]))
    return dataclasses.replace(
        page,
        categories=[entry for entry in found if isinstance(entry, Category)],
        products=[entry for entry in found if isinstance(entry, Product)],
        skipped=[entry for entry in found if isinstance(entry, Skipped)],
    )


class LimitFilter:
    """Passes entries on, and turns what is beyond a limit into what is skipped.

    Products lose what is beyond: a picture, a category, further pictures behind the first 250. A
    category that is refused takes all below it along.
    """

    def __init__(self) -> None:
        self._refused: set[str] = set()  # ids of categories
        self._mended = False  # whether the id of one is not the source's

    def batches(self, entries: Iterable[Entry]) -> Iterator[list[Entry]]:
        """Divide entries into lists that bound the memory they take."""
        batch: list[Entry] = []
        add, characters = batch.append, 0
        for entry in entries:
            if not isinstance(entry, Product):
                add(self._other(entry))
                characters += LONGEST_REASON
            elif (
                len(entry.id) > LONGEST_ID
                or len(entry.name) > LONGEST_NAME
                or len(entry.description) > LONGEST_DESCRIPTION
                or (entry.image is not None and len(entry.image) > LONGEST_ADDRESS)
                or entry.more_images
                or len(entry.categories) > 1
                or self._refused
                or self._mended
                or storable(text := f"{entry.id} {entry.name} {entry.description} {entry.image}")
                is not text
            ):
                for part in self._looked_through(entry):
                    add(part)
                    characters += _characters(part)
            else:
                add(entry)
                characters += len(entry.description)
            if len(batch) >= BATCH or characters > BATCH_CHARACTERS:
                yield batch
                batch = []
                add, characters = batch.append, 0
        if batch:
            yield batch

    def filtered(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Pass entries on one by one."""
        for batch in self.batches(entries):
            yield from batch

    def _other(self, entry: Category | Skipped) -> Category | Skipped:
        if isinstance(entry, Skipped):
            return _shortened(_mended(entry))
        entry = _mended(told := entry)
        self._mended = self._mended or entry is not told
        problem = _problem_of_category(entry)
        if not problem and entry.parent in self._refused:
            problem = "it lies below a category that is refused"
        if not problem:
            return entry
        if len(entry.id) <= LONGEST_PATH:  # products that name a longer one lose it anyway
            self._refused.add(entry.id)
        return Skipped("category", _shown(entry.id), problem)

    def _looked_through(self, product: Product) -> Iterator[Product | Skipped]:
        """Yield a product with what is within the limits, and what of it is not."""
        product = _mended(product)
        place = _shown(product.place or product.id)
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
        if any(len(found) > LONGEST_PATH or found in self._refused for found in categories):
            categories = tuple(
                found
                for found in categories
                if len(found) <= LONGEST_PATH and found not in self._refused
            )
            yield Skipped("category", place, "it names a category that is refused")
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
    """Return an entry itself, or with all texts as they can be stored (printable.storable)."""
    mended: dict[str, Any] = {}
    for field in dataclasses.fields(entry):
        value = getattr(entry, field.name)
        if isinstance(value, str) and (stored := storable(value)) is not value:
            mended[field.name] = stored
        elif isinstance(value, tuple) and (several := tuple(map(storable, value))) != value:
            mended[field.name] = tuple(dict.fromkeys(several))
    return dataclasses.replace(entry, **mended) if mended else entry


def _problem_of_category(category: Category) -> str:
    """Return which limit a category is beyond, or an empty text."""
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
    """Return which limit the texts of a product are beyond, or an empty text."""
    texts = (
        ("id", product.id, LONGEST_ID),
        ("name", product.name, LONGEST_NAME),
        ("description", product.description, LONGEST_DESCRIPTION),
    )
    for what, text, longest in texts:
        if len(text) > longest:
            return _too_long(f"its {what}", text, longest)
    return ""


def _too_long(what: str, text: str, longest: int) -> str:
    return f"{what} has {len(text):,} characters, more than {longest:,}"


def _characters(entry: Product | Skipped) -> int:
    """Estimate how much an entry holds, and how much of it is stored several times."""
    if isinstance(entry, Skipped):
        return LONGEST_REASON
    times = len(entry.more_images) + len(entry.categories)
    return len(entry.description) + sum(map(len, entry.more_images)) + times * len(entry.id)


def _shortened(entry: Skipped) -> Skipped:
    if len(entry.item) <= LONGEST_ID and len(entry.reason) <= LONGEST_REASON:
        return entry
    return Skipped(entry.kind, _shown(entry.item), _shown(entry.reason))


def _shown(text: str) -> str:
    """Shorten what names something in a message."""
    return text if len(text) <= LONGEST_REASON else f"{text[:500]} … {text[-400:]}"
