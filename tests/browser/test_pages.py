"""The pages as a browser shows them: on a phone and on a desk, hostile shops included."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from product_classifier.report.crawl import crawl_page
from product_classifier.store.catalogue_summary import read_crawl
from product_classifier.store.database import open_database
from tests.report.attacks import hostile_shop
from tests.report.test_site import pages

pytestmark = pytest.mark.slow
SIZES = {"phone": (360, 740), "desk": (1280, 800)}
ACTIVE = """() => {
  const tags = 'script,iframe,object,embed,form,base,link,foreignObject,animate,set,[srcdoc]'
  const acts = a => a.name.startsWith('on') || /^\\s*(javascript|vbscript):/i.test(a.value)
  const all = [...document.querySelectorAll('*')]
  return [...document.querySelectorAll(tags), ...document.querySelectorAll('[http-equiv=refresh]'),
    ...all.filter(node => [...node.attributes].some(acts))].map(node => node.outerHTML)
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages of a shop that attacks in every field."""
    folder = tmp_path_factory.mktemp("site")
    with open_database(folder / "crawl.db", create=True) as db:
        hostile_shop(db)
        for name, text in {**pages(db, folder), "crawl.html": crawl_page(read_crawl(db))}.items():
            (folder / name).write_text(text)
    return folder


NAMES = (
    *("index.html", "catalogue.html", "experiment-1.html", "errors-1.html", "labels-1.html"),
    "crawl.html",
)


def opened(browser: Browser, path: Path, size: str, requests: list[str]) -> Page:
    """Open a page without the protection of its Content-Security-Policy."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, bypass_csp=True)
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    return page


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_a_shop_is_executed(browser: Browser, site: Path, name: str, size: str) -> None:
    requests: list[str] = []
    page = opened(browser, site / name, size, requests)
    page.mouse.move(100, 300)
    page.keyboard.press("Tab")
    page.wait_for_timeout(100)
    assert page.evaluate(ACTIVE) == []
    assert page.evaluate("window.hit") is None
    assert requests == [(site / name).as_uri()]
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_no_page_is_wider_than_its_window(
    browser: Browser, site: Path, name: str, size: str
) -> None:
    page = opened(browser, site / name, size, [])
    wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= window
    page.context.close()


def test_a_filter_link_shows_one_pair_of_errors_and_another_link_all(
    browser: Browser, site: Path
) -> None:
    page = opened(browser, site / "errors-1.html", "desk", [])
    count = "[...document.querySelectorAll('.products > li')].filter(e => e.offsetParent).length"
    everything = page.evaluate(count)
    link = page.locator("a[href='#pair-1']")
    expected = int(link.inner_text())
    link.click()
    assert page.evaluate(count) == expected < everything
    page.get_by_text("show all").click()
    assert page.evaluate(count) == everything
    page.get_by_text("Show one category only").click()
    link = page.locator("a[href='#category-2']")
    expected = int(link.inner_text())
    link.click()
    assert page.evaluate(count) == expected < everything
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_plots_contrast_with_the_page(browser: Browser, site: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto((site / "experiment-1.html").as_uri())
    ink = page.locator("svg text").first.evaluate("node => getComputedStyle(node).fill")
    back = page.locator("body").evaluate("node => getComputedStyle(node).backgroundColor")
    assert contrast(ink, back) > 7
    context.close()


def contrast(one: str, other: str) -> float:
    """Compute the contrast of two colours, 1 to 21 (WCAG 2.1)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = [int(part) / 255 for part in colour.strip("rgb()").split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
