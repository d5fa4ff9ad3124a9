"""Cardigans and turtlenecks: ribbed borders and long sleeves."""

from __future__ import annotations

import numpy as np

from demo.drawing.bodice import Cut, back_of_neck, body_folds, buttons, cuffs, rows, sleeves
from demo.drawing.canvas import Subject
from demo.drawing.curves import box, outline, ribbon, span, symmetric
from demo.drawing.palette import contrast
from demo.drawing.patterns import Cloth


def _cut(s: Subject, neck: float, depth: float, vee: bool) -> Cut:
    """Return the measures of a knit's roomy bodice."""
    chest = 0.44 * s.shape["width"]
    waist = chest * s.shape["waist"]
    return Cut(
        top=-0.76,
        bottom=-0.76 + 1.36 * s.shape["length"],
        neck=neck,
        depth=depth,
        vee=vee,
        shoulder=chest + 0.015,
        chest=chest,
        waist=waist,
        hem=waist * 0.97,
    )


def _ribbing(s: Subject) -> Cloth:
    """Return the cloth of a knit's borders."""
    return Cloth(contrast(s.cloth.colour, 0.06), "rib")


def cardigan(s: Subject) -> None:
    """Draw a cardigan: two fronts, a ribbed border down the opening, buttons or open."""
    c = s.canvas
    cut = _cut(s, s.shape["neck"], s.shape["depth"], vee=True)
    gap = 0.16 if s.has("open") else 0.0  # half the width of the opening
    cuffs(s, sleeves(s, cut, s.shape["sleeve"], s.shape["cuff"]), _ribbing(s), 0.13)
    back_of_neck(s, cut)
    if gap:
        c.piece(box(-gap - 0.12, cut.top + 0.02, gap + 0.12, cut.bottom - 0.03), s.inside)
    low, bottom = cut.top + cut.depth, cut.bottom + 0.02
    neckline = [(gap, low), (cut.neck * 0.65, low - cut.depth * 0.55), (cut.neck, cut.top)]
    shoulder = [neckline[-1], cut.shoulder_tip]
    hem = [(cut.hem, cut.bottom), (cut.hem / 2, bottom), (gap, bottom)]
    opening = [hem[-1], neckline[0]]
    runs = [neckline, shoulder, cut.armhole_edge, cut.side, hem, opening]
    front = outline(*runs)
    c.both(front, s.cloth)
    _front_hems(s, cut, gap)
    if s.has("pocket"):
        _pockets(s, gap + (cut.hem - gap) * 0.55, cut.bottom - 0.42)
    border = outline([(gap, bottom), (gap, low)], [*neckline, (cut.neck * 0.8, cut.top - 0.02)])
    c.both(ribbon(border, 0.085), _ribbing(s))
    if not gap:
        buttons(s, rows(0, low + 0.06, cut.bottom - 0.06, round(3 + 3 * s.shape["length"])), 0.028)
    body_folds(s, cut)


def _front_hems(s: Subject, cut: Cut, gap: float) -> None:
    """Draw the ribbed hem of both fronts."""
    y, half = cut.bottom, cut.hem
    band = [(gap, y - 0.1), (half + 0.01, y - 0.12), (half - 0.015, y + 0.01), (gap, y + 0.03)]
    s.canvas.both(np.array(band), _ribbing(s))


def _pockets(s: Subject, x: float, y: float) -> None:
    """Draw two patch pockets with ribbed tops."""
    s.canvas.both(box(x - 0.12, y, x + 0.12, y + 0.24, 0.02), s.cloth)
    s.canvas.both(box(x - 0.125, y - 0.02, x + 0.125, y + 0.04), _ribbing(s), width=0.006)


def turtleneck(s: Subject) -> None:
    """Draw a sweater with a high folded collar."""
    cut = _cut(s, neck=0.17, depth=0.03, vee=False)
    edges = sleeves(s, cut, s.shape["sleeve"], s.shape["cuff"], puff=0.02)
    cuffs(s, edges, _ribbing(s), 0.12)
    s.canvas.piece(cut.body, s.cloth)
    y, half, dip = cut.bottom, cut.hem, cut.dip
    upper = [(0.0, y - 0.14 + dip), (half / 2, y - 0.14 + dip), (half + 0.01, y - 0.14)]
    lower = [(half - 0.015, y + 0.012), (half / 2, y + dip + 0.012), (0, y + dip + 0.02)]
    s.canvas.piece(symmetric(upper, lower), _ribbing(s))
    _collar(s, cut)
    body_folds(s, cut)


def _collar(s: Subject, cut: Cut) -> None:
    """Draw the collar with its dark mouth and the folds beside it."""
    c, height, half = s.canvas, s.shape["collar"], 0.165
    top, low = cut.top - height * 0.55, cut.top + height * 0.5 + 0.02
    mouth = [(0.0, top - 0.03), (half * 0.6, top - 0.026), (half - 0.02, top)]
    lip = [(0.0, top + 0.025), (half * 0.6, top + 0.018), (half - 0.02, top)]
    side = [lip[-1], (half + 0.035, (top + low) / 2), (half + 0.03, low - 0.05)]
    base = [side[-1], (half * 0.6, low - 0.005), (0, low + 0.01)]
    c.piece(symmetric(mouth, lip[::-1]), s.inside)
    c.piece(symmetric(lip, side, base), _ribbing(s))
    c.fold(span([(0, low + 0.075), (half, low + 0.03)]), -0.3, 0.05)
    c.fold(span([(0, top + 0.08), (half, top + 0.04)]), -0.12, 0.04)
