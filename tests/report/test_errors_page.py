"""The page of errors, hostile products included."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from product_classifier.pictures import decode
from product_classifier.predictions import Mistake, Summary
from product_classifier.report.pages import public_link, thumbnail
from product_classifier.report.site import errors_page
from tests.conftest import jpeg

EXPERIMENT = Summary(
    id=7,
    name="Text classification of: a,b",
    date="2026-01-01",
    kind="words",
    split="x",
    seconds=1.0,
    settings={},
)


def mistake(**changes: object) -> Mistake:
    values: dict[str, object] = {
        "product_id": "471",
        "name": "Wide belt",
        "description": "<p>Soft &amp; wide</p>",
        "image": "https://shop.example/a.jpg",
        "file": None,
        "predicted": "jeans/flare",
        "score": 0.98765,
        "categories": ("belts",),
    }
    return Mistake(**{**values, **changes})  # type: ignore[arg-type]


class Page(HTMLParser):
    """Collects what a browser would act upon."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = [value or "" for name, value in attrs if name in ("href", "src")]
        self.addresses += [address for address in found if not address.startswith("#")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def page(*mistakes: Mistake, picture: bytes | None = None) -> str:
    pictured = ((entry, picture) for entry in mistakes)
    return errors_page(EXPERIMENT, pictured, total=len(mistakes))


def test_it_says_how_many_errors_there_are_and_how_many_it_shows() -> None:
    text = errors_page(EXPERIMENT, [(mistake(), None)] * 2, total=5_000)
    assert (
        "contradict the catalogue: 5,000, the most confident first; these are the first 2." in text
    )
    assert "contradict the catalogue: 2, the most confident first. Where" in page(
        mistake(), mistake()
    )


def test_an_error_is_shown_with_all_that_helps_to_judge_it() -> None:
    text = page(mistake(), picture=jpeg())
    text = text.replace("<wbr>", "")  # where a long path may be broken
    for shown in ("471", "Wide belt", "Soft &amp; wide", "belts", "jeans/flare", "0.9877"):
        assert shown in text
    assert "data:image/jpeg;base64," in text
    assert 'href="https://shop.example/a.jpg"' in text


@pytest.mark.parametrize("field", ["product_id", "name", "description", "predicted"])
def test_text_of_a_shop_is_escaped(field: str) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>&lt;script&gt;'
    found = Page(page(mistake(**{field: hostile, "categories": (hostile,)})))
    assert "script" not in found.tags
    assert found.handlers == []
    assert found.addresses == ["https://shop.example/a.jpg"]


def test_the_page_makes_no_outside_requests() -> None:
    text = page(mistake(image="https://shop.example/a.jpg"), picture=jpeg())
    found = Page(text)
    assert not {"script", "link", "iframe", "form", "object"} & set(found.tags)
    assert [address for address in found.addresses if not address.startswith("data:")] == [
        "https://shop.example/a.jpg"  # a link, followed only when clicked
    ]
    assert "default-src 'none'" in text
    assert not re.search(r"url\(|@import", text)


def test_the_frequent_confusions_stand_first() -> None:
    text = page(mistake(), mistake(), mistake(predicted="jeans/bootcut"))
    plain = text.replace("<wbr>", "")
    rows = re.findall(r'#pair-\d">(\d+)</a></td><td>(.*?)</td><td>(.*?)</td></tr>', plain)
    assert rows == [("2", "belts", "jeans/flare"), ("1", "belts", "jeans/bootcut")]


def test_an_experiment_without_errors_has_a_page_that_says_so() -> None:
    assert "Every prediction of this experiment agrees" in page()


def test_a_product_without_name_or_picture_is_still_shown() -> None:
    text = page(mistake(name="", description="", image=None))
    assert "(no name)" in text
    assert "no picture" in text


def test_a_long_description_is_cut() -> None:
    assert "x" * 601 not in page(mistake(description="x" * 5000))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "/pictures/a.jpg",
        "http://127.0.0.1:8000/a.jpg",
        "http://localhost/a.jpg",
        "http://[::1]/a.jpg",
        "http://[broken/a.jpg",
        "//shop.example/a.jpg",
        "",
        None,
    ],
)
def test_only_addresses_of_the_public_web_are_links(address: str | None) -> None:
    assert public_link(address) is None


def test_public_addresses_are_links() -> None:
    for address in ("http://shop.example/a.jpg", "https://shop.example/?a=1", "https://8.8.8.8/"):
        assert public_link(address) == address


def test_thumbnails_are_small_whatever_the_picture() -> None:
    import base64

    found = thumbnail(jpeg(size=(3000, 1000)))
    assert found
    data = base64.b64decode(found.partition(",")[2])
    assert decode(data)[0].size == (192, 64)
    assert thumbnail(b"broken") is None
