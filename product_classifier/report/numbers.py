"""How reports write numbers."""

from __future__ import annotations

import math


def percent(share: float) -> str:
    """Write a share of few digits, such as 98% or 99.5%."""
    return f"{100 * share:g}%"


def share(value: float | None) -> str:
    """Write a measured share with one decimal, or a dash where nothing was to divide by."""
    return "–" if value is None or math.isnan(value) else f"{value:.1%}"


def number(count: int, noun: str) -> str:
    """Write a number of things, such as 1 leaf or 2,000 leaves."""
    plural = {"category": "categories", "leaf": "leaves"}.get(noun, f"{noun}s")
    return f"{count:,} {noun if count == 1 else plural}"


def share_of(count: float, total: float) -> str:
    """Write a part of a whole; what is there is never 0.0%, and a part is never 100.0%."""
    text = share(count / total if total else None)
    if 0 < count < total:
        return {"0.0%": "<0.1%", "100.0%": ">99.9%"}.get(text, text)
    return text


def known(value: float) -> float | None:
    """Pass a number on; JSON has no nan."""
    return None if math.isnan(value) else float(value)


def between(low: float, high: float, places: int) -> str:
    """Write the interval of a share in percent, such as [95.2, 96.9]."""
    return f"[{100 * low:.{places}f}, {100 * high:.{places}f}]"
