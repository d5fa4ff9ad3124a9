"""Each piece of advice appears where its numbers call for it, and only there."""

from __future__ import annotations

import dataclasses

import pytest

from product_classifier.evaluate.catalogue_summary import (
    CatalogueSummary,
    CategoryCount,
    Duplicates,
    FilingCounts,
    KeptLeaves,
    Languages,
    LevelSizes,
    NameLengths,
    PictureSizes,
    Quantiles,
    Vocabulary,
)
from product_classifier.evaluate.category_tree import Sizes
from product_classifier.records import CatalogueState
from product_classifier.report.catalogue_advice import catalogue_advice

STATE = CatalogueState(
    products=5000,
    no_name=0,
    no_description=0,
    no_text=0,
    no_picture=0,
    waiting_pictures=0,
    lost_pictures=0,
    reasons={},
    marks=[],
    decided={},
)
NO_DUPLICATES = Duplicates(groups=0, products=0, largest=0, contradicting=0, contradicted=0)
LENGTHS = Quantiles(5, 5, 5, 5, 5)
SOUND = CatalogueSummary(
    state=STATE,
    filed=FilingCounts(0, 0, 0, 0),
    categories=[
        CategoryCount(
            id=str(k),
            path=str(k),
            name=str(k),
            level=1,
            leaf=True,
            looped=False,
            products=2500,
            pictures=2500,
            pictured=2500,
        )
        for k in range(2)
    ],
    levels=[],
    leaves=LevelSizes(
        5000,
        Sizes(categories=2, empty=0, largest=2500, median=2500.0, smallest=2500, half=1),
        [2500, 2500],
    ),
    kept=[KeptLeaves(fewest, 2, 5000) for fewest in (1, 20, 100, 1000)],
    names=[
        NameLengths(
            group="all", category="all products", products=5000, before=LENGTHS, after=LENGTHS
        )
    ],
    vocabulary=Vocabulary(
        products=5000,
        words=100,
        occurrences=1000,
        in_one=5,
        in_enough=50,
        kept=20_000,
        kept_occurrences=1000,
        commonest=[],
        curve=[],
    ),
    languages=Languages(5000, [("en", 4950), ("", 40), ("de", 10)]),
    same_words=NO_DUPLICATES,
    same_picture=NO_DUPLICATES,
    same_either=NO_DUPLICATES,
    picture_sizes=PictureSizes(
        pictures=5000, small=0, upright=5000, square=0, wide=0, spread={}, commonest=[], cells=[]
    ),
    seed=0,
)


def changed(**changes: object) -> CatalogueSummary:
    return dataclasses.replace(SOUND, **changes)  # type: ignore[arg-type]


def state(**changes: object) -> CatalogueSummary:
    return changed(state=dataclasses.replace(STATE, **changes))  # type: ignore[arg-type]


def looped(*names: str) -> list[CategoryCount]:
    return [
        CategoryCount(
            id=name,
            path=name,
            name=name,
            level=1,
            leaf=False,
            looped=True,
            products=1,
            pictures=0,
            pictured=0,
        )
        for name in names
    ]


def level(*sizes: int) -> LevelSizes:
    return LevelSizes(
        0, Sizes(categories=0, empty=0, largest=0, median=0, smallest=0, half=0), sizes
    )


KEPT = [
    KeptLeaves(1, 79, 5000),
    KeptLeaves(20, 39, 4900),
    KeptLeaves(100, 26, 4600),
    KeptLeaves(1000, 2, 1500),
]
FEW = [
    KeptLeaves(1, 3, 5000),
    KeptLeaves(20, 1, 4990),
    KeptLeaves(100, 1, 4990),
    KeptLeaves(1000, 1, 4990),
]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            changed(categories=looped("a")),
            ["1 category is its own ancestor (a): correct the column"],
        ),
        (
            changed(categories=looped("a", "b", "c", "d")),
            ["4 categories are their own ancestors (a, b, c and 1 more): correct the column"],
        ),
        (changed(filed=FilingCounts(1, 9, 9, 0)), ["1 product (<0.1%) is in no category"]),
        (
            changed(filed=FilingCounts(0, 9, 9, 50)),
            ["50 products (1.0%) are only in categories that are not"],
        ),
        (
            changed(kept=KEPT),
            [
                "40 of 79 leaves have fewer than 20 products, 2.0% of all: --min-per-category 20",
                "By default, categorizers keep leaves with at least 1,000 products, which are "
                "2 of 79 leaves and 30.0% of the products; --min-per-category 100 keeps 26 and",
            ],
        ),
        (
            changed(kept=KEPT, levels=[level(900, 50, 0), level(900, 19, 18), level(*range(19))]),
            [
                "40 of 79 leaves have fewer than 20 products, 2.0% of all: --min-per-category 20 "
                "leaves them out; --depth 2 joins them into 3 categories, 2 of them as small.",
                "By default",
            ],
        ),
        (
            changed(kept=FEW),
            [
                "2 of 3 leaves have fewer than 20 products, 0.2% of all",
                "By default, categorizers keep leaves with at least 1,000 products, which are "
                "1 of 3 leaves and 99.8% of the products; --min-per-category 20 keeps 1",
            ],
        ),
        (
            changed(
                leaves=LevelSizes(
                    0,
                    Sizes(categories=9, empty=1, largest=3000, median=60.0, smallest=1, half=2),
                    [],
                )
            ),
            [
                "1 leaf is empty",
                "The largest leaf has 3,000 products, the median one 60, and 2 of 2",
            ],
        ),
        (
            changed(
                same_picture=Duplicates(
                    groups=1, products=812, largest=812, contradicting=1, contradicted=812
                )
            ),
            [
                "812 products (16.2%) share a picture with products of other",
                "One picture is shared",
            ],
        ),
        (
            changed(
                same_words=Duplicates(
                    groups=9, products=20, largest=3, contradicting=1, contradicted=2
                )
            ),
            ["2 products (<0.1%) share all words"],
        ),
        (
            changed(
                same_either=Duplicates(
                    groups=9, products=1000, largest=3, contradicting=0, contradicted=0
                )
            ),
            ["1,000 products (20.0%) are dup"],
        ),
        (state(no_text=5), ["5 products (0.1%) have neither name nor description"]),
        (
            changed(
                vocabulary=Vocabulary(
                    products=5,
                    words=9,
                    occurrences=100,
                    in_one=0,
                    in_enough=0,
                    kept=20_000,
                    kept_occurrences=90,
                    commonest=[],
                    curve=[],
                )
            ),
            ["The 20,000 most common words are 90.0% of all word occurrences"],
        ),
        (
            changed(languages=Languages(100, [("fr", 60), ("", 20), ("de", 15), ("nl", 5)])),
            ["Of the texts whose language is detected, 25.0% are not fr (de 18.8%, nl 6.2%)"],
        ),
        (
            changed(
                picture_sizes=PictureSizes(
                    pictures=0,
                    small=0,
                    upright=0,
                    square=0,
                    wide=0,
                    spread={},
                    commonest=[],
                    cells=[],
                )
            ),
            ["No product has a complete picture: run categorize_words.py"],
        ),
        (state(no_picture=400), ["400 products (8.0%) have no complete main picture: prefer"]),
        (
            state(lost_pictures=3, reasons={"HTTP 404": 2, "timed out": 1}),
            ["The picture of 3 products could not be downloaded, most often (2): HTTP 404"],
        ),
        (state(waiting_pictures=1), ["crawl.py has not tried 1 picture yet"]),
        (
            changed(
                picture_sizes=PictureSizes(
                    pictures=100,
                    small=2,
                    upright=0,
                    square=0,
                    wide=0,
                    spread={},
                    commonest=[],
                    cells=[],
                )
            ),
            ["2 pictures have a side below 100 pixels (2.0%)"],
        ),
        (
            state(marks=[("zoomed", 90, 7), ("seam", 90, 0)]),
            ["7 of 90 pictures are marked as zoom"],
        ),
    ],
)
def test_advice_appears_if_its_numbers_call_for_it(
    found: CatalogueSummary, expected: list[str]
) -> None:
    told = catalogue_advice(found)
    assert len(told) == len(expected)
    for remark, begins in zip(told, expected, strict=True):
        assert remark.startswith(begins)


def test_short_names_without_descriptions_get_advice() -> None:
    short = [
        NameLengths(
            group="all",
            category="all products",
            products=5000,
            before=LENGTHS,
            after=Quantiles(1, 2, 3, 3, 4),
        )
    ]
    found = dataclasses.replace(state(no_description=4000), names=short)
    [remark] = catalogue_advice(found)
    assert remark.startswith("Half of the names have 3 words or fewer, and 80.0% of the products")


def test_in_a_catalogue_without_problems_nothing_stands_out() -> None:
    assert catalogue_advice(SOUND) == ["Nothing stands out."]
