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


def between(low: float, high: float, places: int) -> str:
    """Write the interval of a share in percent, such as [95.2, 96.9]."""
    return f"[{100 * low:.{places}f}, {100 * high:.{places}f}]"
