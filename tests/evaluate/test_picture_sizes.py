"""Widths and heights of a few pictures."""

from __future__ import annotations

import numpy as np
import pytest

from product_classifier.evaluate.catalogue_summary import Quantiles, cell_side, measure_pictures


def test_sizes_are_summed_up_by_shape_and_by_size() -> None:
    found = measure_pictures(np.array([[200, 100, 3], [99, 400, 2], [300, 310, 5]]))
    assert found.pictures == 10
    assert found.small == 2
    assert (found.upright, found.square, found.wide) == (2, 5, 3)
    assert found.commonest == [(300, 310, 5), (200, 100, 3), (99, 400, 2)]
    assert found.spread["width"] == Quantiles(99, 200, 200, 300, 300)
    assert found.spread["megapixels"] == Quantiles(0.02, 0.02, 0.0396, 0.093, 0.093)


def test_every_picture_lies_in_its_cell() -> None:
    sizes = np.array([[100, 100, 1], [101, 101, 2], [1, 4096, 1], [640, 480, 7]])
    found = measure_pictures(sizes)
    for width, height, count in sizes.tolist():
        inside = [
            n
            for across, up, n in found.cells
            if cell_side(across) <= width < cell_side(across + 1)
            and cell_side(up) <= height < cell_side(up + 1)
        ]
        assert len(inside) == 1
        assert inside[0] >= count
    assert sum(n for *_, n in found.cells) == 11


def test_a_catalogue_without_pictures_has_no_sizes() -> None:
    found = measure_pictures(np.zeros((0, 3), np.int64))
    assert (found.pictures, found.spread, found.commonest, found.cells) == (0, {}, [], [])


def test_cell_sides_double_after_a_fixed_number_of_cells() -> None:
    assert cell_side(4) == pytest.approx(2)
    assert cell_side(28) == pytest.approx(128)
