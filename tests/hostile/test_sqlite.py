"""Hostile databases in --db-path."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.databases import hostile_database, plain_database, read_database
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive

pytestmark = pytest.mark.slow


def test_databases_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_database, read=read_database, warm_up=plain_database), tmp_path
    )
    assert outcomes[READ]
    assert outcomes[REFUSED]
