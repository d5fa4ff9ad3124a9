"""The structure of the code keeps to its bars; make house prints the figures."""

from __future__ import annotations

import pytest

from tests.house import FIGURES, Figure


@pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])
def test_the_house_keeps_to_its_bars(figure: Figure) -> None:
    places = figure.places()
    assert len(places) <= figure.most, "\n".join(places)
