"""Jeans from the front: skinny, bootcut or flared by the width of knee and hem."""

from __future__ import annotations

import numpy as np

from product_classifier.demo.curves import Points, box, ellipse, moved, outline, span, symmetric
from product_classifier.demo.palette import THREAD, WHITE, Colour, darker, lighter
from product_classifier.demo.subject import Subject

TOP = -1.12
COPPER: Colour = (196, 150, 84)


def jeans(s: Subject) -> None:
    """Draw jeans; hem and knee are half widths of a leg."""
    c, (hem, knee) = s.canvas, (s.shape["hem"], s.shape["knee"])
    crotch, bottom = TOP + s.shape["rise"], -0.1 + s.shape["length"]
    at_knee = crotch + (bottom - crotch) * 0.52
    centre = max(hem + 0.035, 0.235 + (hem - 0.16) * 0.4)
    c.piece(inside_of_waist(0.33, TOP), s.inside)
    inner = [(0.0, crotch), (0.06, crotch + 0.16), (0.215 - knee, at_knee), (centre - hem, bottom)]
    hemline = [(centre - hem, bottom), (centre, bottom + 0.02), (centre + hem, bottom)]
    outer = [(centre + hem, bottom), (0.235 + knee, at_knee), (0.395, crotch + 0.02)]
    outer += [(0.40, crotch - 0.24), (0.335, TOP)]
    waist = [(0.335, TOP), (0.17, TOP + 0.035), (0.0, TOP + 0.045)]
    c.both(outline(inner, hemline, outer, waist), s.cloth, darker(s.cloth.colour, 0.4))
    _waistband(s, crotch)
    _pockets(s)
    for sign in (-1, 1):
        c.stitches(moved(np.array(hemline), 0, -0.05) * (sign, 1), THREAD)
        seam = moved(np.array(outer[:3]), -0.028, 0) * (sign, 1)
        c.stitches(seam, s.seam, gap=0.022, width=0.006)
        _worn_leg(s, sign, crotch, at_knee)
    if s.has("ripped"):
        _rip(s, 0.22, at_knee - 0.04)
        _rip(s, -0.21, at_knee - 0.3)


def inside_of_waist(half: float, top: float) -> Points:
    """Outline the back of a waist, seen above its front."""
    front = [(half, top), (half / 2, top + 0.04), (0, top + 0.05)]
    return symmetric([(0, top - 0.015), (half / 2, top - 0.012), (half, top)], front)


def _waistband(s: Subject, crotch: float) -> None:
    """Draw waistband, belt loops, button and fly."""
    c, band, end = s.canvas, TOP + 0.12, crotch - 0.1
    lower = span([(0, band + 0.008), (0.17, band), (0.352, band - 0.04)])
    c.line(lower, s.seam, 0.012)
    c.stitches(moved(lower, 0, -0.025), THREAD)
    for x in (-0.27, -0.12, 0.12, 0.27):
        c.piece(box(x - 0.014, TOP + 0.02, x + 0.014, TOP + 0.14), s.cloth.colour, s.seam, 0.007)
    c.line([(0, TOP + 0.045), (0, crotch)], s.seam, 0.012)
    c.stitches([(0.075, band), (0.075, end - 0.08), (0.05, end), (0, end + 0.03)], THREAD)
    c.piece(ellipse(0, TOP + 0.085, 0.03), COPPER)
    c.piece(ellipse(-0.006, TOP + 0.079, 0.012), lighter(COPPER, 0.5), COPPER, 0.004)


def _pockets(s: Subject) -> None:
    """Draw both curved pockets with their stitches and rivets."""
    c, y = s.canvas, TOP + 0.12
    curve = np.array([(0.15, y), (0.18, y + 0.1), (0.27, y + 0.16), (0.385, y + 0.17)])
    for sign in (-1, 1):
        c.line(curve * (sign, 1), s.seam, 0.012)
        c.stitches(moved(curve, 0, 0.022) * (sign, 1), THREAD)
        c.piece(ellipse(sign * 0.17, y + 0.015, 0.011), COPPER, width=0.004)


def _worn_leg(s: Subject, sign: int, crotch: float, at_knee: float) -> None:
    """Bleach thigh and knee, crease the knee and the crotch."""
    c, knee = s.canvas, s.shape["knee"]
    c.glow(sign * 0.21, crotch + 0.22, 0.09, 0.3, 0.22 + 0.2 * s.shape["fade"])
    c.glow(sign * 0.215, at_knee + 0.02, knee * 0.6, 0.16, 0.12)
    for _ in range(4):
        y = at_knee + s.rng.uniform(-0.16, 0.2)
        crease = np.array([(0.22 - knee * 0.8, y), (0.22, y + 0.03), (0.22 + knee * 0.8, y - 0.02)])
        c.fold(crease * (sign, 1), -0.2, 0.025)
    crease = np.array([(0, crotch + 0.02), (0.1, crotch - 0.03), (0.22, crotch - 0.1)])
    c.fold(crease * (sign, 1), -0.25, 0.03)


def _rip(s: Subject, x: float, y: float) -> None:
    """Draw a worn hole with white threads across it."""
    w = s.shape["knee"] * 0.62
    hole = [(x - w, y), (x, y - 0.045), (x + w, y - 0.01), (x + w * 0.2, y + 0.05), (x - w, y)]
    s.canvas.piece(outline(hole), lighter(s.cloth.colour, 0.5), lighter(s.cloth.colour, 0.7))
    for i in range(5):
        at = y - 0.03 + i * 0.015
        s.canvas.line([(x - w * 0.8, at), (x + w * 0.8, at + 0.006)], WHITE, 0.006)
