"""Smooth outlines from a few points: the geometry of all drawings.

Coordinates are those of the picture's box, x from -1 to 1 and y from -1.25 (top) to 1.25, so that
a drawing does not depend on its size in pixels. Points are float arrays of shape (n, 2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Run = Sequence[Sequence[float] | Points] | Points

STEPS = 9  # points per piece of curve
MANY = 12  # points; a longer run is taken as smooth
_T = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
_BASIS = 0.5 * np.hstack(
    [-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, _T**3 - _T**2]
)


def spline(run: Run, closed: bool = False) -> Points:
    """Return the Catmull-Rom curve through all points of a run; of two, a straight line."""
    p = np.asarray(run, dtype=np.float64)
    if not 2 < len(p) <= MANY:
        return p
    ends = (p[-1:], p[:2]) if closed else (2 * p[:1] - p[1:2], 2 * p[-1:] - p[-2:-1])
    p = np.concatenate([ends[0], p, ends[1]])
    windows = np.stack([p[:-3], p[1:-2], p[2:-1], p[3:]], axis=1)
    curve = (_BASIS @ windows).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def outline(*runs: Run) -> Points:
    """Return curves joined end to end, with a corner at every join."""
    return np.concatenate([spline(run) for run in runs])


def mirror(points: Run) -> Points:
    """Return points reflected left to right, in reverse order, so that outlines stay outlines."""
    return np.asarray(points, dtype=np.float64)[::-1] * (-1, 1)


def symmetric(*runs: Run) -> Points:
    """Return a symmetric outline from the runs of its right half, top to bottom."""
    right = outline(*runs)
    return np.concatenate([right, mirror(right)])


def span(middle_to_right: Run, corner: bool = False) -> Points:
    """Return a symmetric open curve from the run of its right half, middle first.

    corner: whether it has a corner in the middle.
    """
    right = spline(middle_to_right) if corner else np.asarray(middle_to_right, dtype=np.float64)
    points = np.concatenate([mirror(right[1:]), right])
    return points if corner else spline(points)


def moved(points: Points, x: float, y: float) -> Points:
    """Return points shifted by (x, y)."""
    result: Points = points + np.array([x, y])
    return result


def ellipse(x: float, y: float, rx: float, ry: float | None = None, tilt: float = 0) -> Points:
    """Return the outline of an ellipse around (x, y), turned by `tilt` radians."""
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    points = np.stack([rx * np.cos(t), (rx if ry is None else ry) * np.sin(t)], axis=1)
    return moved(turned(points, tilt), x, y)


def box(x0: float, y0: float, x1: float, y1: float, r: float = 0.0) -> Points:
    """Return the outline of a rectangle with corners rounded by radius r."""
    r = min(r, (x1 - x0) / 2, (y1 - y0) / 2)
    if r <= 0:
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float64)
    t = np.linspace(0, np.pi / 2, 7)
    arc = r * np.stack([np.cos(t), np.sin(t)], axis=1)
    corners = [(x1 - r, y1 - r), (x0 + r, y1 - r), (x0 + r, y0 + r), (x1 - r, y0 + r)]
    return np.concatenate([turned(arc, i * np.pi / 2) + c for i, c in enumerate(corners)])


def turned(points: Points, angle: float) -> Points:
    """Return points turned by `angle` radians around the origin, clockwise, as y points down."""
    c, s = np.cos(angle), np.sin(angle)
    result: Points = points @ np.array([(c, s), (-s, c)])
    return result


def normals(points: Points) -> Points:
    """Return unit vectors across a line at each of its points."""
    along = np.gradient(points, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    length = np.maximum(np.hypot(across[:, 0], across[:, 1]), 1e-9)
    unit: Points = across / length[:, None]
    return unit


def ribbon(run: Run, width: float | Sequence[float]) -> Points:
    """Return the outline of a band along a curve; width: constant, or from start to end."""
    line = spline(run)
    distinct = np.abs(np.diff(line, axis=0)).sum(axis=1) > 1e-9  # corners are doubled
    line = line[np.r_[True, distinct]]
    widths = np.atleast_1d(np.asarray(width, dtype=np.float64))
    position = np.linspace(0, 1, len(line))
    half = np.interp(position, np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    across = normals(line) * half
    return np.concatenate([line + across, (line - across)[::-1]])


def along(run: Run, count: int, start: float = 0.0, stop: float = 1.0) -> Points:
    """Return evenly spaced points along a curve, between two shares of its length."""
    line = spline(run)
    steps = np.hypot(*np.diff(line, axis=0).T)
    lengths = np.concatenate([[0.0], np.cumsum(steps)])
    positions = np.linspace(start, stop, count) * lengths[-1]
    return np.stack([np.interp(positions, lengths, line[:, i]) for i in (0, 1)], axis=1)
