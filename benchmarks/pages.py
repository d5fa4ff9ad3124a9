"""The page of 500 errors with pictures of noise, the hardest to compress, in a real browser."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from benchmarks.common import Row
from product_classifier.predictions import Mistake, Neighbour, Summary
from product_classifier.report.site import errors_page

ERRORS, TURNS = 500, 5
MOST_BYTES, MOST_SECONDS = 10_000_000, 2.0
OPENED = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"


def run(shared: Path) -> Iterator[Row]:
    """Write the page, and open it in windows of a phone's and a desktop's size."""
    rng = np.random.default_rng(0)
    experiment = Summary(
        id=1,
        name="Image classification",
        date="2026-01-01",
        kind="images",
        split="x",
        seconds=1.0,
        settings={},
    )
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "errors.html")
        path.write_text(errors_page(experiment, (error(k, rng) for k in range(ERRORS)), ERRORS))
        size = path.stat().st_size
        yield Row(
            f"page of {ERRORS} errors with pictures of noise",
            f"{size / 1e6:.1f} MB",
            "",
            f"<= {MOST_BYTES / 1e6:.0f} MB",
            size <= MOST_BYTES,
        )
        for name, window in (("phone", (360, 740)), ("desk", (1280, 800))):
            seconds = median(opened(path, window) for _ in range(TURNS))
            yield Row(
                f"  … opens in Chromium, {name}",
                f"{seconds:.2f} s",
                "",
                f"<= {MOST_SECONDS:.0f} s",
                seconds <= MOST_SECONDS,
            )


def error(number: int, rng: np.random.Generator) -> tuple[Mistake, bytes]:
    """Return an error with all facts that a page shows."""
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (300, 300, 3), np.uint8)).save(file, "JPEG")
    categories = (f"parent-{number % 12}/leaf-{number % 156}",)
    alike = tuple(Neighbour(str(k), f"product {k}", categories, 0.9) for k in range(5))
    predicted = f"parent-{number % 11}/leaf-{number % 151}"
    name, description = f"product {number}", "A product that is described at length. " * 20
    product = Mistake(
        product_id=str(number),
        name=name,
        description=description,
        image=None,
        file=None,
        predicted=predicted,
        score=0.9,
        categories=categories,
        suspicion=0.5,
        neighbours=alike,
    )
    return product, file.getvalue()


def opened(path: Path, window: tuple[int, int]) -> float:
    """Return the seconds from the start of a fresh browser until the page is loaded."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        raise SystemExit("there is no Chromium; install it from your system's packages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": window[0], "height": window[1]})
        page.goto(path.as_uri())
        seconds = float(page.evaluate(OPENED))
        browser.close()
    return seconds
