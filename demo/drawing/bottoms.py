"""Jeans, shorts and skirts from the front.

The width of knee and hem makes jeans skinny, bootcut or flared.
"""

from __future__ import annotations

import numpy as np

from demo.drawing.canvas import Subject
from demo.drawing.curves import Points, box, ellipse, moved, outline, span, symmetric
from demo.drawing.palette import THREAD, WHITE, Colour, brightness, darker, lighter
from demo.drawing.patterns import Cloth

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
    """Return the outline of the back of a waist, seen above its front."""
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


SKIRT_TOP = -0.62


def shorts(s: Subject) -> None:
    """Draw running shorts: elastic waist with a cord, side panels, piping at the hem."""
    c, crotch, half = s.canvas, 0.12, 0.5
    bottom, edge = crotch + s.shape["length"], half + 0.14 + s.shape["hem"]
    c.piece(inside_of_waist(half, SKIRT_TOP), s.inside)
    waist = [(0, SKIRT_TOP + 0.05), (half / 2, SKIRT_TOP + 0.035), (half, SKIRT_TOP)]
    side = [(half, SKIRT_TOP), (half + 0.07, crotch - 0.3), (edge, bottom - 0.06)]
    hem = [side[-1], (edge - 0.1, bottom), (0.3, bottom + 0.045), (0.05, bottom + 0.03)]
    c.both(outline(waist, side, hem, [hem[-1], (0.0, crotch)]), s.cloth)
    if s.has("panel"):
        front = [
            (half - 0.02, SKIRT_TOP + 0.13),
            (half - 0.06, crotch - 0.2),
            (edge - 0.2, bottom + 0.02),
        ]
        c.both(
            outline(front, [front[-1], side[-1]], [*side[:0:-1], (half + 0.012, SKIRT_TOP + 0.13)]),
            s.trim,
        )
    if s.has("piping"):
        upper = moved(np.array(hem[::-1]), 0, -0.05)
        c.both(outline(hem, upper), s.trim, width=0.006)
    belt = [(half + 0.016, SKIRT_TOP + 0.14), (half / 2, SKIRT_TOP + 0.175), (0, SKIRT_TOP + 0.19)]
    band = symmetric(waist, [(half, SKIRT_TOP), belt[0]], belt)
    c.piece(band, Cloth(s.trim if s.has("band") else s.cloth.colour, "rib"))
    _drawstring(s, SKIRT_TOP + 0.13)
    c.line([(0, SKIRT_TOP + 0.19), (0, crotch)], s.seam, 0.01)
    for sign in (-1, 1):
        for x, lean in ((0.16, 0.05), (0.3, 0.09), (0.42, 0.1)):
            x += s.rng.uniform(-0.04, 0.04)
            run = [(x, SKIRT_TOP + 0.2), (x + lean / 2, SKIRT_TOP + 0.4), (x + lean, bottom - 0.1)]
            c.fold(np.array(run) * (sign, 1), -0.16, 0.06)
        c.glow(sign * 0.36, crotch - 0.1, 0.1, 0.3, 0.1)


def _drawstring(s: Subject, y: float) -> None:
    """Draw the tied cord of a waistband."""
    colour = (240, 240, 240) if brightness(s.cloth.colour) < 0.7 else (60, 60, 64)
    loop = outline([(0, y), (0.1, y + 0.04), (0.09, y + 0.12), (0, y + 0.03)])
    tail = outline([(0, y + 0.02), (0.04, y + 0.12), (0.06, y + 0.26)])
    for sign in (-1, 1):
        s.canvas.line(loop * (sign, 1), colour, 0.016)
        s.canvas.line(tail * (sign, 1), colour, 0.018)


def skirt(s: Subject) -> None:
    """Draw a mini skirt from pencil to circle; hem and waist are half widths."""
    c, hem, length, waist = s.canvas, s.shape["hem"], s.shape["length"], 0.4
    bottom, hip = SKIRT_TOP + length, waist + (hem - waist) * 0.45 + 0.06
    wave = 0.03 + 0.05 * (hem - waist)
    c.piece(inside_of_waist(waist, SKIRT_TOP), s.inside)
    upper = [(0, SKIRT_TOP + 0.05), (waist / 2, SKIRT_TOP + 0.04), (waist, SKIRT_TOP)]
    side = [(waist, SKIRT_TOP), (hip, SKIRT_TOP + length * 0.42), (hem, bottom)]
    c.piece(symmetric(upper, side, _rippled(hem, bottom, wave)), s.cloth)
    band = [(waist + 0.015, SKIRT_TOP + 0.1), (waist / 2, SKIRT_TOP + 0.14), (0, SKIRT_TOP + 0.15)]
    c.piece(symmetric(upper, band), s.cloth.colour)
    pleated = s.has("pleats")
    count = 9 if pleated else 4
    for share in (np.arange(count) + 0.5) / count * 2 - 1:
        run = [(share * waist * 0.95, SKIRT_TOP + 0.15), (share * hip, SKIRT_TOP + length * 0.5)]
        run.append((share * hem * 0.97, bottom + wave * (1 - share**2)))
        if pleated:
            c.line(run, s.seam, 0.009)
        c.fold(run, -0.28 if pleated else -0.15, 0.05 + 0.05 * hem)
    if s.has("buttons"):
        c.line([(0, SKIRT_TOP + 0.15), (0, bottom + wave)], s.seam, 0.01)
        for y in np.linspace(SKIRT_TOP + 0.1, bottom - 0.08, 6).tolist():
            c.piece(ellipse(0.0, y, 0.026), s.trim)
    if s.has("pockets"):
        for x in (-hip * 0.52, hip * 0.52):
            c.piece(box(x - 0.1, SKIRT_TOP + 0.33, x + 0.1, SKIRT_TOP + 0.53, 0.03), s.cloth.colour)
            c.stitches([(x - 0.1, SKIRT_TOP + 0.36), (x + 0.1, SKIRT_TOP + 0.36)], s.seam)


def _rippled(hem: float, bottom: float, wave: float) -> Points:
    """Return the hem from the right side to the middle; wide skirts ripple."""
    steps = np.linspace(0, 1, 9)
    ripple = np.sin(steps * 9) * wave * 0.35 * (hem > 0.62)
    y = bottom + wave * (1 - (1 - steps) ** 2) + ripple
    return np.stack([hem * (1 - steps), y], axis=1)
