"""Watches from above: dial, hands, and a strap of leather or of links."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from demo.drawing.canvas import Subject
from demo.drawing.curves import Points, box, ellipse, outline, ribbon, turned
from demo.drawing.palette import Colour, contrast, darker, lighter, mix

CASES: tuple[Colour, ...] = ((212, 172, 88), (190, 194, 200), (214, 160, 140))
END = 1.12  # y where the strap ends
SECOND_HAND: Colour = (196, 60, 50)


def watch(s: Subject) -> None:
    """Draw a watch: strap, lugs, crown, bezel and dial."""
    c, metal = s.canvas, CASES[int(s.shape["metal"] * 2.99)]
    r = 0.28 + 0.12 * s.shape["dial"]
    half = r * (0.39 + 0.15 * s.shape["band"])
    if s.has("bracelet"):
        _bracelet(s, r * 0.8, half, metal)
    else:
        _leather(s, r, half, metal)
    for y in (-r - 0.09, r * 0.7):
        c.both(box(half - 0.04, y, half + 0.04, y + r * 0.3 + 0.09, 0.02), metal)
    for y in (-0.16, 0.0, 0.16) if s.has("chronograph") else (0.0,):
        c.piece(box(r - 0.02, y - 0.04, r + 0.06, y + 0.04, 0.013), darker(metal, 0.15))
    face = box(-r, -r, r, r, 0.09) if s.has("square") else ellipse(0, 0, r)
    c.piece(face, metal)
    c.piece(face * 0.9, lighter(metal, 0.35), darker(metal, 0.2), 0.008)
    c.piece(face * 0.82, s.trim, darker(metal, 0.3), 0.008)
    _dial(s, r * 0.78, contrast(s.trim, 0.9))
    c.glow(-r * 0.35, -r * 0.4, r * 0.4, r * 0.3, 0.16)


def _bracelet(s: Subject, start: float, half: float, metal: Colour) -> None:
    """Draw rows of three links above and below the dial."""
    step = (END - start) / 9
    for i in range(9):
        low, high = start + i * step, start + (i + 1) * step - 0.006
        wide = half * (1 - 0.028 * i)
        for y0, y1 in ((low, high), (-high, -low)):
            s.canvas.piece(box(-wide, y0, wide, y1, 0.02), metal)
            s.canvas.piece(box(-wide * 0.38, y0, wide * 0.38, y1, 0.02), lighter(metal, 0.35))


def _leather(s: Subject, r: float, half: float, metal: Colour) -> None:
    """Draw both halves of a strap, with holes below and a buckle above."""
    c, cloth, tip = s.canvas, replace(s.cloth, gauge=0.08), half * 0.86
    for sign, end in ((1, END + 0.05), (-1, END)):
        strap = outline(
            [(half, r * 0.7), (half * 0.94, 0.7), (tip, END - 0.06)],
            [(tip, END - 0.06), (0.0, end), (-tip, END - 0.06)],
            [(-tip, END - 0.06), (-half * 0.94, 0.7), (-half, r * 0.7)],
        )
        c.piece(strap * (1, sign), cloth)
        for x in (-half * 0.78, half * 0.78):
            c.stitches([(x, sign * (r + 0.06)), (x * 0.93, sign * (END - 0.12))], s.seam, 0.034)
    for y in np.linspace(0.62, 1.0, 5).tolist():
        c.piece(ellipse(0, y, 0.022), darker(s.cloth.colour, 0.6))
    c.piece(box(-half * 1.12, -END - 0.06, half * 1.12, -END + 0.07, 0.03), metal)
    hole = box(-half * 0.84, -END - 0.025, half * 0.84, -END + 0.035)
    c.piece(hole, s.cloth.colour, darker(metal))
    c.piece(box(-0.02, -END - 0.05, 0.02, -END + 0.06), metal)


def _dial(s: Subject, r: float, ink: Colour) -> None:
    """Draw hour marks, the small dials of a chronograph, and hands at about ten past ten."""
    c = s.canvas
    for hour in range(12):
        main = hour % 3 == 0
        c.line(
            _ray(r * (0.78 if main else 0.86), r * 0.97, hour / 12), ink, 0.022 if main else 0.011
        )
    if s.has("chronograph"):
        for x, y in ((-0.42, 0.05), (0.42, 0.05), (0, 0.45)):
            c.piece(ellipse(x * r, y * r, r * 0.2), mix(s.trim, ink, 0.12), ink, 0.006)
    minute = s.rng.uniform(5, 14)
    c.piece(ribbon(_ray(-r * 0.1, r * 0.5, (10 + minute / 60) / 12), 0.034), ink, ink, 0.004)
    c.piece(ribbon(_ray(-r * 0.1, r * 0.76, minute / 60), 0.022), ink, ink, 0.004)
    c.line(_ray(-r * 0.16, r * 0.84, s.rng.random()), SECOND_HAND, 0.009)
    c.piece(ellipse(0, 0, 0.022), ink)


def _ray(start: float, stop: float, turn: float) -> Points:
    """Return a line between two distances from the middle, rotated by `turn` full turns."""
    return turned(np.array([(0.0, -start), (0.0, -stop)]), turn * 2 * math.pi)
