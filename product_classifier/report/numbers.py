"""How reports write numbers."""

from __future__ import annotations

import math


def percent(share: float) -> str:
    """Write a share of few digits, such as 98% or 99.5%."""
    return f"{100 * share:g}%"


def share(value: float | None) -> str:
    """Write a measured share with one decimal, or a dash where nothing was to divide by."""
    return "–" if value is None or math.isnan(value) else f"{value:.1%}"


def known(value: float) -> float | None:
    """Pass a number on; JSON has no nan."""
    return None if math.isnan(value) else float(value)
