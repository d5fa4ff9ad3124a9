"""Cells are escaped so that no spreadsheet takes them for formulas, and unescaped again."""

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
def test_unescaping_an_escaped_cell_returns_the_original(cell: str) -> None:
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@given(st.lists(CELLS, min_size=1, max_size=4))
def test_no_cell_begins_a_formula_with_any_delimiter_of_a_spreadsheet(
    delimiter: str, cells: list[str]
) -> None:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(map(escape_formula, cells))
    for row in csv.reader(file.getvalue().splitlines(), delimiter=delimiter):
        assert not [cell for cell in row if cell.startswith(tuple(RISKY))]


@pytest.mark.parametrize("cell", ["Wide belt", "a-b", "1=1", "O'Neill", ""])
def test_a_cell_that_is_not_a_formula_is_not_changed(cell: str) -> None:
    assert escape_formula(cell) == cell
