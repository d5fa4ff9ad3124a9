"""Limits on the entries of any source."""

import pytest

from product_classifier.errors import UnusableError
from product_classifier.limits import (
    BATCH,
    BATCH_CHARACTERS,
    DEEPEST_PATH,
    LONGEST_ADDRESS,
    LONGEST_DESCRIPTION,
    LONGEST_ID,
    LONGEST_NAME,
    LONGEST_PATH,
    LONGEST_REASON,
    MOST_CATEGORIES,
    MOST_PICTURES,
    LimitFilter,
    check_path,
)
from product_classifier.records import Category, Entry, Product, Skipped


def category(path: str, name: str = "Boots", parent: str | None = None) -> Category:
    return Category(id=path, name=name, parent=parent, path=path, leaf=True)


def limited(*entries: Entry) -> list[Entry]:
    return list(LimitFilter().filtered(entries))


def test_entries_that_just_reach_a_limit_pass_unchanged() -> None:
    entries: list[Entry] = [
        category("/".join(["x"] * DEEPEST_PATH)),
        category("x" * LONGEST_PATH, "n" * LONGEST_NAME),
        Product(
            id="i" * LONGEST_ID,
            name="n" * LONGEST_NAME,
            description="d" * LONGEST_DESCRIPTION,
            categories=tuple(map(str, range(MOST_CATEGORIES))),
            image="a" * LONGEST_ADDRESS,
            more_images=tuple(map(str, range(MOST_PICTURES))),
        ),
        Skipped("product", "a.csv line 1", "r" * LONGEST_REASON),
    ]
    assert limited(*entries) == entries


@pytest.mark.parametrize(
    ("product", "reason"),
    [
        (
            Product(id="i" * 1_001, name="", description="", categories=(), image=None),
            "its id has 1,001 characters, more than 1,000",
        ),
        (
            Product(id="1", name="n" * 10_001, description="", categories=(), image=None),
            "its name has 10,001 characters, more than",
        ),
        (
            Product(id="1", name="", description="d" * 1_000_001, categories=(), image=None),
            "its description has 1,000,001 characters",
        ),
    ],
)
def test_a_product_with_a_text_beyond_a_limit_is_skipped(product: Product, reason: str) -> None:
    [skipped] = limited(product)
    assert isinstance(skipped, Skipped)
    assert skipped.reason.startswith(reason)
    assert len(skipped.item) <= LONGEST_REASON


def test_a_product_loses_pictures_and_categories_beyond_a_limit() -> None:
    long = "http://a/" + "x" * LONGEST_ADDRESS
    more = (long, *map(str, range(300)))
    entries = limited(
        Product(
            id="1",
            name="Boot",
            description="",
            categories=tuple(map(str, range(300))),
            image=long,
            more_images=more,
        )
    )
    first = tuple(map(str, range(250)))
    assert entries[-1] == Product(
        id="1", name="Boot", description="", categories=first, image=None, more_images=first
    )
    assert [(entry.kind, entry.reason) for entry in entries if isinstance(entry, Skipped)] == [
        ("image", "its picture's address has 8,009 characters, more than 8,000"),
        ("image", "the address of a further picture has 8,009 characters, more than 8,000"),
        ("image", "it has 300 further pictures; the first 250 are used"),
        ("category", "it has 300 categories; the first 250 are used"),
    ]


def test_categories_below_a_refused_category_are_refused_and_products_lose_them() -> None:
    entries = limited(
        category("a", "n" * 10_001),
        category("a/b", parent="a"),
        category("c"),
        Product(id="1", name="Boot", description="", categories=("a/b", "c"), image=None),
    )
    assert entries == [
        Skipped("category", "a", "its name has 10,001 characters, more than 10,000"),
        Skipped("category", "a/b", "its parent category is refused"),
        category("c"),
        Skipped("category", "1", "its category is refused"),
        Product(id="1", name="Boot", description="", categories=("c",), image=None),
    ]


def test_a_category_that_is_too_deep_or_too_long_is_skipped() -> None:
    deep, long = limited(category("/".join("x" * 51)), category("x" * 5_001))
    assert isinstance(deep, Skipped)
    assert isinstance(long, Skipped)
    assert deep.reason == "its path has 51 levels, more than 50"
    assert long.reason == "its path has 5,001 characters, more than 5,000"


def test_a_path_is_measured_before_its_names_are_joined() -> None:
    check_path(["x"] * DEEPEST_PATH)
    with pytest.raises(UnusableError, match="has 20,000 levels, more than 50"):
        check_path(["x"] * 20_000)
    with pytest.raises(UnusableError, match="has 5,001 characters, more than 5,000"):
        check_path(["x" * 2_500, "y" * 2_500])


def test_the_reasons_of_skipped_entries_are_shortened() -> None:
    [skipped] = limited(Skipped("product", "i" * 10**6, "r" * 10**6))
    assert isinstance(skipped, Skipped)
    assert len(skipped.item) < LONGEST_REASON
    assert len(skipped.reason) < LONGEST_REASON


def test_batches_are_bounded_by_their_entries_and_by_their_characters() -> None:
    small = [
        Product(id=str(k), name="", description="", categories=(), image=None)
        for k in range(2 * BATCH + 1)
    ]
    assert [len(batch) for batch in LimitFilter().batches(small)] == [BATCH, BATCH, 1]
    large = [
        Product(id=str(k), name="", description="x" * 10**6, categories=(), image=None)
        for k in range(40)
    ]
    batches = list(LimitFilter().batches(large))
    assert [entry for batch in batches for entry in batch] == large
    assert max(map(len, batches)) == BATCH_CHARACTERS // 10**6 + 1
