"""The structure of the code keeps to its limits; make house prints the figures."""

from __future__ import annotations

import pytest

from tests.house import FIGURES, Figure


@pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])
def test_the_structure_keeps_to_its_limits(figure: Figure) -> None:
    places = figure.places()
    assert len(places) <= figure.most, "\n".join(places)
