"""Sunglasses from the front: round, square, cat-eye or aviator."""

from __future__ import annotations

import numpy as np

from demo.drawing.canvas import Subject
from demo.drawing.curves import Points, ellipse, moved, ribbon, span
from demo.drawing.palette import Colour, brightness, darker, lighter

WIRES: tuple[Colour, Colour] = ((206, 170, 92), (178, 182, 188))
HINGE: Colour = (214, 190, 130)


def sunglasses(s: Subject) -> None:
    """Draw arms, bridge, frame and tinted lenses."""
    c, shape = s.canvas, s.shape
    rx, ry = 0.31 * shape["width"], 0.27 * shape["height"]
    centre, thick = 0.07 + rx, 0.024 + 0.06 * shape["thick"]
    metal = s.has("metal-frame")
    frame = WIRES[s.cloth.colour[2] > s.cloth.colour[0]] if metal else s.cloth.colour
    _arms(s, centre + rx, ry, frame)
    bridge = span([(0.0, -0.1 - 0.04 * shape["cat"]), (0.09, -0.05)])
    c.piece(ribbon(bridge, thick * (0.7 if metal else 1.3)), frame)
    if s.has("double-bridge"):
        c.piece(ribbon(span([(0, -ry * 0.85), (0.16, -ry * 0.8)]), thick * 0.7), frame)
    lens = moved(_lens(s, rx, ry), centre, 0)
    rim = moved(_lens(s, rx + thick, ry + thick), centre, 0)
    c.both(rim, frame if metal else s.cloth, width=0.008)
    for sign in (-1, 1):
        _tinted(s, lens * (sign, 1), sign * centre, ry)
        c.fold(moved(rim[22:34] * (sign, 1), 0, 0.012), 0.3, 0.025)
    if not metal:
        c.both(ellipse(centre + rx * 0.92, -ry * 0.55, 0.018, 0.011), HINGE, width=0.003)


def _lens(s: Subject, rx: float, ry: float) -> Points:
    """Return the right lens around its own middle: a superellipse, lifted or dropped."""
    square, cat, drop = (s.shape[key] for key in ("square", "cat", "drop"))
    t = np.linspace(0, 2 * np.pi, 44, endpoint=False)
    power = 1 - 0.55 * square
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** power
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** power
    low = np.clip(y, 0, 1)
    x = x * (1 - 0.18 * low * square) + 0.1 * drop * low
    y = y * (1 + 0.35 * drop * low)
    lift = cat * np.clip(x, 0, 1) ** 2 * np.clip(0.25 - y, 0, 1)
    return np.stack([x * rx + 0.12 * lift, y * ry - 0.17 * lift], axis=1)


def _tinted(s: Subject, lens: Points, x: float, ry: float) -> None:
    """Draw a lens whose tint fades downwards, with two reflections across it."""
    c = s.canvas
    tint = darker(s.trim, 0.55) if brightness(s.trim) > 0.3 else s.trim
    c.piece(lens, tint, darker(tint, 0.5), 0.008)
    for step in range(1, 6):
        low = np.stack([lens[:, 0], np.maximum(lens[:, 1], ry * (step * 0.27 - 0.5))], axis=1)
        tone = lighter(tint, 0.085 * step)
        c.piece(moved(moved(low, -x, 0) * 0.985, x, 0), tone, tone, 0.002)
    half = np.ptp(lens[:, 0]) / 2
    for left, width in ((-0.32, 0.16), (0.0, 0.06)):
        bar = [(left, 0.5), (left + width, 0.5), (left + width + 0.5, -0.62), (left + 0.5, -0.62)]
        glare = lighter(tint, 0.34)
        c.piece(moved(np.array(bar) * (half, ry), x, 0), glare, glare, 0.002)


def _arms(s: Subject, x: float, ry: float, frame: Colour) -> None:
    """Draw both arms, folded back behind the lenses or reaching away from them."""
    spread, y = 0.05 + 0.1 * s.shape["open"], -ry * 0.5
    run = [(x - 0.02, y), (x + spread, y + 0.02), (x + spread * 0.9, y + 0.18)]
    arm = ribbon([*run, (x + spread * 0.35, y + 0.42)], [0.07, 0.045, 0.035, 0.04])
    s.canvas.both(arm, darker(frame, 0.2))
