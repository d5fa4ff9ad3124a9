"""Review files as people and spreadsheets return them."""

from __future__ import annotations

from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.predictions import Mistake, ReviewItem
from product_classifier.recipes.find_label_errors import review_csv
from product_classifier.records import Decided
from product_classifier.sources.files.review_file import Review, read_review

PRODUCTS = [
    Mistake(
        product_id=id,
        name=name,
        description="",
        image=None,
        file=None,
        predicted="jeans/flare",
        score=0.9,
        categories=("belts",),
        suspicion=0.75,
    )
    for id, name in (("471", "Wide belt"), ("=1+1", "=HYPERLINK()"), ("-5", 'say "hi", twice'))
]


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_is_read_with_any_delimiter_and_encoding_of_a_spreadsheet(
    tmp_path: Path, delimiter: str, encoding: str, newline: str
) -> None:
    lines = [["product_id", "decision", "name"], ["471", " keep ", "a"], ["472", "", "b"]]
    text = newline.join(delimiter.join(line) for line in lines)
    review = read_review(written(tmp_path / "review.csv", text, encoding))
    assert review == Review([Decided(2, "471", "keep")], open=1)


def test_an_exported_file_comes_back_with_its_ids(tmp_path: Path) -> None:
    exported = review_csv([ReviewItem(product, "audit") for product in PRODUCTS])
    filled = exported.replace("471,,", "471,keep,").replace("'=1+1,,", "'=1+1,belts,")
    review = read_review(
        written(tmp_path / "review.csv", filled.replace("'-5,,", "'-5,ambiguous,"))
    )
    assert review.decided == [
        Decided(2, "471", "keep"),
        Decided(3, "=1+1", "belts"),
        Decided(4, "-5", "ambiguous"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,decision\n1,keep\n", "lacks the column product_id; import a file that analyze.py --"),
        ("", "lacks the columns product_id and decision"),
        ("product_id\n1\n", "lacks the column decision"),
    ],
)
def test_a_file_without_the_columns_of_a_review_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        read_review(written(tmp_path / "review.csv", text))


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read_review(tmp_path / "review.csv")
    latin = written(tmp_path / "latin.csv", "product_id,decision\nä,keep\n", "latin-1")
    with pytest.raises(SourceError, match="is not UTF-8; save it as CSV UTF-8"):
        read_review(latin)
