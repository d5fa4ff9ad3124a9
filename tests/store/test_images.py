"""The images folder."""

import os
import time
from pathlib import Path

from product_classifier.store.images import HALF_WRITTEN, LONGEST_WRITE, ImageFolder


def test_what_a_killed_crawl_left_half_written_is_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = ImageFolder(tmp_path)
    whole, _ = folder.put(b"whole", "jpg")
    place = tmp_path / "ab"
    place.mkdir()
    left, being_written, foreign = (
        place / f"{HALF_WRITTEN}1", place / f"{HALF_WRITTEN}2", place / ".DS_Store",
    )  # fmt: skip
    long_ago = time.time() - LONGEST_WRITE - 60
    for file in (left, being_written, foreign):
        file.touch()
    for file in (left, foreign):
        os.utime(file, (long_ago, long_ago))
    folder.sweep()
    assert not left.exists()
    assert being_written.exists()
    assert foreign.exists()
    assert folder.read(whole) == b"whole"
