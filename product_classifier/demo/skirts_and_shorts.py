"""Mini skirts and running shorts, from the front."""

from __future__ import annotations

import numpy as np

from product_classifier.demo.curves import Points, box, ellipse, moved, outline, symmetric
from product_classifier.demo.jeans import inside_of_waist
from product_classifier.demo.palette import brightness
from product_classifier.demo.patterns import Cloth
from product_classifier.demo.subject import Subject

TOP = -0.62


def shorts(s: Subject) -> None:
    """Draw running shorts: elastic waist with a cord, side panels, piping at the hem."""
    c, crotch, half = s.canvas, 0.12, 0.5
    bottom, edge = crotch + s.shape["length"], half + 0.14 + s.shape["hem"]
    c.piece(inside_of_waist(half, TOP), s.inside)
    waist = [(0, TOP + 0.05), (half / 2, TOP + 0.035), (half, TOP)]
    side = [(half, TOP), (half + 0.07, crotch - 0.3), (edge, bottom - 0.06)]
    hem = [side[-1], (edge - 0.1, bottom), (0.3, bottom + 0.045), (0.05, bottom + 0.03)]
    c.both(outline(waist, side, hem, [hem[-1], (0.0, crotch)]), s.cloth)
    if s.has("panel"):
        front = [
            (half - 0.02, TOP + 0.13),
            (half - 0.06, crotch - 0.2),
            (edge - 0.2, bottom + 0.02),
        ]
        c.both(
            outline(front, [front[-1], side[-1]], [*side[:0:-1], (half + 0.012, TOP + 0.13)]),
            s.trim,
        )
    if s.has("piping"):
        upper = moved(np.array(hem[::-1]), 0, -0.05)
        c.both(outline(hem, upper), s.trim, width=0.006)
    belt = [(half + 0.016, TOP + 0.14), (half / 2, TOP + 0.175), (0, TOP + 0.19)]
    band = symmetric(waist, [(half, TOP), belt[0]], belt)
    c.piece(band, Cloth(s.trim if s.has("band") else s.cloth.colour, "rib"))
    _drawstring(s, TOP + 0.13)
    c.line([(0, TOP + 0.19), (0, crotch)], s.seam, 0.01)
    for sign in (-1, 1):
        for x, lean in ((0.16, 0.05), (0.3, 0.09), (0.42, 0.1)):
            x += s.rng.uniform(-0.04, 0.04)
            run = [(x, TOP + 0.2), (x + lean / 2, TOP + 0.4), (x + lean, bottom - 0.1)]
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
    bottom, hip = TOP + length, waist + (hem - waist) * 0.45 + 0.06
    wave = 0.03 + 0.05 * (hem - waist)
    c.piece(inside_of_waist(waist, TOP), s.inside)
    upper = [(0, TOP + 0.05), (waist / 2, TOP + 0.04), (waist, TOP)]
    side = [(waist, TOP), (hip, TOP + length * 0.42), (hem, bottom)]
    c.piece(symmetric(upper, side, _rippled(hem, bottom, wave)), s.cloth)
    band = [(waist + 0.015, TOP + 0.1), (waist / 2, TOP + 0.14), (0, TOP + 0.15)]
    c.piece(symmetric(upper, band), s.cloth.colour)
    pleated = s.has("pleats")
    count = 9 if pleated else 4
    for share in (np.arange(count) + 0.5) / count * 2 - 1:
        run = [(share * waist * 0.95, TOP + 0.15), (share * hip, TOP + length * 0.5)]
        run.append((share * hem * 0.97, bottom + wave * (1 - share**2)))
        if pleated:
            c.line(run, s.seam, 0.009)
        c.fold(run, -0.28 if pleated else -0.15, 0.05 + 0.05 * hem)
    if s.has("buttons"):
        c.line([(0, TOP + 0.15), (0, bottom + wave)], s.seam, 0.01)
        for y in np.linspace(TOP + 0.1, bottom - 0.08, 6).tolist():
            c.piece(ellipse(0.0, y, 0.026), s.trim)
    if s.has("pockets"):
        for x in (-hip * 0.52, hip * 0.52):
            c.piece(box(x - 0.1, TOP + 0.33, x + 0.1, TOP + 0.53, 0.03), s.cloth.colour)
            c.stitches([(x - 0.1, TOP + 0.36), (x + 0.1, TOP + 0.36)], s.seam)


def _rippled(hem: float, bottom: float, wave: float) -> Points:
    """Run along the hem from the right side to the middle; wide skirts ripple."""
    steps = np.linspace(0, 1, 9)
    ripple = np.sin(steps * 9) * wave * 0.35 * (hem > 0.62)
    y = bottom + wave * (1 - (1 - steps) ** 2) + ripple
    return np.stack([hem * (1 - steps), y], axis=1)
