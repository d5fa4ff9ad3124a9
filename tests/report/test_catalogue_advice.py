"""Remarks are computed: each appears where its numbers call for it, and only there."""

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

STATE = CatalogueState(5000, 0, 0, 0, 0, 0, 0, {}, [], {})
NO_DUPLICATES = Duplicates(0, 0, 0, 0, 0)
LENGTHS = Quantiles(5, 5, 5, 5, 5)
SOUND = CatalogueSummary(
    STATE,
    FilingCounts(0, 0, 0, 0),
    [CategoryCount(str(k), str(k), str(k), 1, True, False, 2500, 2500, 2500) for k in range(2)],
    [],
    LevelSizes(5000, Sizes(2, 0, 2500, 2500.0, 2500, 1), [2500, 2500]),
    [KeptLeaves(fewest, 2, 5000) for fewest in (1, 20, 100, 1000)],
    [NameLengths("all", "all products", 5000, LENGTHS, LENGTHS)],
    Vocabulary(5000, 100, 1000, 5, 50, 20_000, 1000, [], []),
    Languages(5000, [("en", 4950), ("", 40), ("de", 10)]),
    NO_DUPLICATES,
    NO_DUPLICATES,
    NO_DUPLICATES,
    PictureSizes(5000, 0, 5000, 0, 0, {}, [], []),
    0,
)


def changed(**changes: object) -> CatalogueSummary:
    return dataclasses.replace(SOUND, **changes)  # type: ignore[arg-type]


def state(**changes: object) -> CatalogueSummary:
    return changed(state=dataclasses.replace(STATE, **changes))  # type: ignore[arg-type]


def looped(*names: str) -> list[CategoryCount]:
    return [CategoryCount(name, name, name, 1, False, True, 1, 0, 0) for name in names]


def level(*sizes: int) -> LevelSizes:
    return LevelSizes(0, Sizes(0, 0, 0, 0, 0, 0), sizes)


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
        (changed(categories=looped("a")), ["1 category lies above itself (a): correct the column"]),
        (
            changed(categories=looped("a", "b", "c", "d")),
            ["4 categories lie above themselves (a, b, c and 1 more): correct the column"],
        ),
        (changed(filed=FilingCounts(1, 9, 9, 0)), ["1 product (<0.1%) is in no category"]),
        (
            changed(filed=FilingCounts(0, 9, 9, 50)),
            ["50 products (1.0%) are in categories that are no"],
        ),
        (
            changed(kept=KEPT),
            [
                "40 of 79 leaves have fewer than 20 products, 2.0% of all: --min-per-category 20",
                "Unless told otherwise, categorizers ask for 1,000 products of a leaf, which keeps "
                "2 of 79 leaves and 30.0% of the products; --min-per-category 100 keeps 26 and",
            ],
        ),
        (
            changed(kept=KEPT, levels=[level(900, 50, 0), level(900, 19, 18), level(*range(19))]),
            [
                "40 of 79 leaves have fewer than 20 products, 2.0% of all: --min-per-category 20 "
                "leaves them out; --depth 2 joins them into 3 categories, 2 of them as small.",
                "Unless told otherwise",
            ],
        ),
        (
            changed(kept=FEW),
            [
                "2 of 3 leaves have fewer than 20 products, 0.2% of all",
                "Unless told otherwise, categorizers ask for 1,000 products of a leaf, which keeps "
                "1 of 3 leaves and 99.8% of the products; --min-per-category 20 keeps 1",
            ],
        ),
        (
            changed(leaves=LevelSizes(0, Sizes(9, 1, 3000, 60.0, 1, 2), [])),
            [
                "1 leaf is empty",
                "The largest leaf has 3,000 products, the median one 60, and 2 of 2",
            ],
        ),
        (
            changed(same_picture=Duplicates(1, 812, 812, 1, 812)),
            ["812 products (16.2%) share a picture with products of other", "One picture is shown"],
        ),
        (changed(same_words=Duplicates(9, 20, 3, 1, 2)), ["2 products (<0.1%) share all words"]),
        (changed(same_either=Duplicates(9, 1000, 3, 0, 0)), ["1,000 products (20.0%) are dup"]),
        (state(no_text=5), ["5 products (0.1%) have neither name nor description"]),
        (
            changed(vocabulary=Vocabulary(5, 9, 100, 0, 0, 20_000, 90, [], [])),
            ["The 20,000 commonest words are 90.0% of all that is written"],
        ),
        (
            changed(languages=Languages(100, [("fr", 60), ("", 20), ("de", 15), ("nl", 5)])),
            ["Of the texts whose language can be told, 25.0% are not fr (de 18.8%, nl 6.2%)"],
        ),
        (
            changed(picture_sizes=PictureSizes(0, 0, 0, 0, 0, {}, [], [])),
            ["No product has a complete picture: categorize_words.py"],
        ),
        (state(no_picture=400), ["400 products (8.0%) have no complete main picture: prefer"]),
        (
            state(lost_pictures=3, reasons={"HTTP 404": 2, "timed out": 1}),
            ["The picture of 3 products could not be had, most often (2) since: HTTP 404"],
        ),
        (state(waiting_pictures=1), ["crawl.py has not tried 1 picture yet"]),
        (
            changed(picture_sizes=PictureSizes(100, 2, 0, 0, 0, {}, [], [])),
            ["2 pictures have a side below 100 pixels (2.0%)"],
        ),
        (
            state(marks=[("zoomed", 90, 7), ("seam", 90, 0)]),
            ["7 of 90 pictures are marked as zoom"],
        ),
    ],
)
def test_a_remark_appears_where_its_numbers_call_for_it(
    found: CatalogueSummary, expected: list[str]
) -> None:
    told = catalogue_advice(found)
    assert len(told) == len(expected)
    for remark, begins in zip(told, expected, strict=True):
        assert remark.startswith(begins)


def test_short_names_without_descriptions_are_remarked() -> None:
    short = [NameLengths("all", "all products", 5000, LENGTHS, Quantiles(1, 2, 3, 3, 4))]
    found = dataclasses.replace(state(no_description=4000), names=short)
    [remark] = catalogue_advice(found)
    assert remark.startswith("Half of the names have 3 words or fewer, and 80.0% of the products")


def test_a_catalogue_without_trouble_has_nothing_that_stands_out() -> None:
    assert catalogue_advice(SOUND) == ["Nothing stands out."]
