"""Cells that no spreadsheet takes for a formula, and that come back as they were."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.printable import escape_formula, unescape_formula

RISKY = "=+-@"
CELLS = st.text(st.sampled_from("=+-@\uff1d'ab ;,\t\r\n\"|0"), max_size=12)


@given(CELLS)
def test_a_cell_comes_back_as_it_was(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(st.lists(CELLS, min_size=1, max_size=4))
def test_no_cell_begins_a_formula_whatever_a_spreadsheet_takes_for_its_end(
    delimiter: str, cells: list[str]
) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(map(escape_formula, cells))
    for row in csv.reader(file.getvalue().splitlines(), delimiter=delimiter):
        assert not [cell for cell in row if cell.startswith(tuple(RISKY))]


@pytest.mark.parametrize("cell", ["Wide belt", "a-b", "1=1", "O'Neill", ""])
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert escape_formula(cell) == cell
