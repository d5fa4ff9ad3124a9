"""Dresses for the day, for cocktails and the evening: a bodice and a skirt of any length."""

from __future__ import annotations

import numpy as np

from demo.drawing.bodice import Cut, back_of_neck, buttons, collar, cuffs, rows, sleeves
from demo.drawing.canvas import Subject
from demo.drawing.curves import Points, ellipse, outline, ribbon, span, symmetric
from demo.drawing.palette import WHITE, contrast, mix

TOP = -1.0  # where the neck meets the shoulder
WAIST = -0.34
CHEST_WIDTH, WAIST_WIDTH = 0.27, 0.215  # halves


def dress(s: Subject) -> None:
    """Draw a dress; length runs from mini (0) to the floor (1), fullness from sheath to gown."""
    shape, c = s.shape, s.canvas
    bottom = WAIST + 0.42 + 1.03 * shape["length"]
    cut = _cut(s, bottom)
    strapless = shape["straps"] < 0.28
    if shape["sleeve"] > 0.05 and not strapless:
        end = sleeves(s, cut, shape["sleeve"] * 0.92, shape["cuff"], puff=0.07 * shape["puff"])
        if s.has("puff"):
            cuffs(s, end, contrast(s.cloth.colour, 0.1), 0.045)
    _skirt(s, bottom)
    if strapless:
        c.piece(_heart_bodice(cut), s.cloth)
    else:
        back_of_neck(s, cut)
        c.piece(_bodice(cut), s.cloth)
        c.line(cut.neck_edge, s.seam, 0.014)
    for detail, draw in DETAILS.items():
        if s.has(detail):
            draw(s, cut)
    c.line(span([(0, WAIST + 0.03), (WAIST_WIDTH + 0.005, WAIST)]), s.seam, 0.008)
    c.glow(-0.1, cut.armpit[1] + 0.04, 0.07, 0.09, 0.14)
    c.glow(0.1, cut.armpit[1] + 0.04, 0.07, 0.09, 0.1)
    c.fold([(0.2, WAIST - 0.2), (0.08, WAIST - 0.1), (0.0, WAIST - 0.04)], -0.13, 0.05)


def _cut(s: Subject, bottom: float) -> Cut:
    """Return the measures of the bodice."""
    neck = s.shape["neck"]
    sleeveless = min(CHEST_WIDTH - 0.01, neck + 0.03 + 0.09 * s.shape["straps"])
    return Cut(
        top=TOP,
        bottom=bottom,
        neck=neck,
        depth=s.shape["depth"],
        vee=s.has("vee"),
        shoulder=CHEST_WIDTH + 0.02 if s.shape["sleeve"] > 0.05 else sleeveless,
        chest=CHEST_WIDTH,
        waist=WAIST_WIDTH,
        hem=0.3,
    )


def _bodice(cut: Cut) -> Points:
    """Return the outline of the upper part, from neckline to waist."""
    side = [cut.armpit, (cut.waist + 0.012, WAIST - 0.1), (cut.waist, WAIST)]
    shoulder = [(cut.neck, cut.top), cut.shoulder_tip]
    waist = [side[-1], (0.0, WAIST + 0.03)]
    return symmetric(cut.neckline, shoulder, cut.armhole_edge, side, waist)


def _heart_bodice(cut: Cut) -> Points:
    """Return the outline of an upper part without straps, with a sweetheart neckline."""
    y = cut.armpit[1]
    heart = [(0.0, y + 0.02), (0.06, y - 0.07), (0.16, y - 0.09), (cut.chest - 0.01, y - 0.03)]
    side = [heart[-1], (cut.waist + 0.014, WAIST - 0.1), (cut.waist, WAIST)]
    return symmetric(heart, side, [side[-1], (0.0, WAIST + 0.03)])


def _skirt(s: Subject, bottom: float) -> None:
    """Draw the skirt with its train and folds."""
    full, drop = s.shape["fullness"], bottom - WAIST
    hem = 0.26 + full * (0.1 + 0.33 * min(1.0, drop / 0.8))
    if s.has("train"):
        tail = [(hem * 0.2, 0.73), (hem * 0.9, 0.96), (hem + 0.28, 1.08), (hem * 0.4, 1.14)]
        s.canvas.piece(outline(tail, [tail[-1], (-hem * 0.5, 1.08), tail[0]]), s.cloth)
    hips = [(0.275 + 0.12 * full, WAIST + 0.22)]
    if s.has("mermaid"):
        hips = [(0.29, WAIST + 0.24), (0.22, WAIST + drop * 0.62)]
    side = [(WAIST_WIDTH, WAIST), *hips, (hem, bottom)]
    steps = np.linspace(0, 1, 11)
    ripple = np.sin(steps * (8 + 6 * full)) * 0.022 * min(1.0, full * 1.6)
    y = bottom + (0.02 + 0.05 * full) * (1 - (1 - steps) ** 2) + ripple
    hemline = np.stack([hem * (1 - steps), y], axis=1)
    waist = [(0.0, WAIST - 0.01), (WAIST_WIDTH, WAIST - 0.01)]
    s.canvas.piece(symmetric(waist, side, hemline), s.cloth)
    _folds(s, bottom)


def _folds(s: Subject, bottom: float) -> None:
    """Lay folds from the waist to the hem, more of them in a full skirt."""
    full = s.shape["fullness"]
    count = 3 + round(5 * full)
    for i in range(count):
        share = (i + 0.5 + s.rng.uniform(-0.2, 0.2)) / count * 2 - 1
        run = [(share * 0.19, WAIST + 0.05), (share * (0.22 + 0.1 * full), WAIST + 0.3)]
        run.append((share * (0.3 + 0.38 * full), bottom))
        s.canvas.fold(run, -0.12 - 0.12 * full, 0.05 + 0.05 * full)
        s.canvas.fold([(x + 0.04, y) for x, y in run], 0.1, 0.03 + 0.03 * full)


def _sash(s: Subject, cut: Cut) -> None:
    """Draw a belt of cloth, tied at the side."""
    c = s.canvas
    c.piece(ribbon(span([(0, WAIST + 0.03), (WAIST_WIDTH + 0.007, WAIST)]), 0.085), s.trim)
    for lean in (0.06, 0.13):
        tail = [(0.1, WAIST + 0.03), (0.11 + lean, WAIST + 0.2), (0.1 + lean, WAIST + 0.38)]
        c.cord(tail, s.trim, [0.03, 0.05, 0.06])
    c.piece(ellipse(0.1, WAIST + 0.025, 0.05, 0.042), s.trim)


def _slit(s: Subject, cut: Cut) -> None:
    """Open the skirt on one side."""
    top, low = (0.12, WAIST + 0.42), cut.bottom + 0.04
    sides = [top, (0.2, 0.5), (0.33, low)], [(0.2, low + 0.01), (0.15, 0.5), top]
    s.canvas.piece(outline(*sides), s.inside)


def _tiers(s: Subject, cut: Cut) -> None:
    """Gather the skirt in three tiers."""
    full = s.shape["fullness"]
    for share in (0.4, 0.72):
        y = WAIST + (cut.bottom - WAIST) * share
        half = 0.27 + full * (0.1 + 0.2 * share)
        s.canvas.line(span([(0, y + 0.05), (half, y)]), s.seam, 0.012)
        s.canvas.fold(span([(0, y + 0.08), (half, y + 0.03)]), -0.3, 0.05)


def _shirt_front(s: Subject, cut: Cut) -> None:
    """Button the dress from a collar to the hem."""
    low = cut.top + cut.depth
    s.canvas.line([(0, low), (0, cut.bottom + 0.03)], s.seam, 0.012)
    buttons(s, rows(0.0, low + 0.05, cut.bottom - 0.1, 8), 0.018)
    collar(s, cut, contrast(s.cloth.colour, 0.06), 0.14, 0.15)


def _brooch(s: Subject, cut: Cut) -> None:
    """Pin a stone to the waist."""
    s.canvas.piece(ellipse(0, WAIST + 0.02, 0.045), mix(s.trim, WHITE, 0.6), s.trim, 0.014)


DETAILS = {
    "slit": _slit,
    "tiers": _tiers,
    "shirt": _shirt_front,
    "sash": _sash,
    "brooch": _brooch,
}
