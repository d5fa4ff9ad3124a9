"""Trench coats: double-breasted and belted."""

from __future__ import annotations

import numpy as np

from demo.drawing.bodice import Cut, back_of_neck, body_folds, buttons, cuffs, rows, sleeves
from demo.drawing.canvas import Subject
from demo.drawing.curves import box, ellipse, ribbon, span, symmetric
from demo.drawing.palette import contrast, darker, lighter, mix

WAIST = -0.22


def trench(s: Subject) -> None:
    """Draw a trench coat: sleeves, front, lapels, epaulettes, buttons, pockets, belt."""
    c, chest, flare = s.canvas, 0.4 * s.shape["width"], s.shape["hem"]
    cut = Cut(
        top=-0.98,
        bottom=-0.98 + s.shape["length"],
        neck=0.15,
        depth=0.3,
        vee=True,
        shoulder=chest + 0.02,
        chest=chest,
        waist=chest * 0.86,
        hem=chest + flare,
    )
    cuffs(s, sleeves(s, cut, s.shape["sleeve"], s.shape["cuff"]), s.cloth, 0.1)
    back_of_neck(s, cut)
    waist = (chest * 0.9, WAIST)
    skirt = [waist, (waist[0] + flare * 0.55, WAIST + 0.35), (cut.hem, cut.bottom)]
    hem = [skirt[-1], (cut.hem * 0.5, cut.bottom + 0.035), (0.0, cut.bottom + 0.04)]
    shoulder = [(cut.neck, cut.top), cut.shoulder_tip]
    runs = (cut.neckline, shoulder, cut.armhole_edge, [cut.armpit, waist], skirt, hem)
    c.piece(symmetric(*runs), s.cloth)
    c.line([(0.15, cut.top + 0.28), (0.15, cut.bottom + 0.035)], s.seam, 0.012)
    c.fold([(0.17, WAIST + 0.1), (0.17, 0.4), (0.17, cut.bottom)], -0.2, 0.06)
    _lapels(s, cut)
    _fastenings(s, cut)
    for x in (-0.3, -0.12, 0.12, 0.3):
        run = [(x, WAIST + 0.05), (x * 1.15, WAIST + 0.4), (x * 1.3, cut.bottom)]
        c.fold(run, -0.17, 0.07)
    _belt(s, waist[0] + 0.02)
    body_folds(s, cut, 0.12)


def _fastenings(s: Subject, cut: Cut) -> None:
    """Draw epaulettes, two rows of buttons, slanted pockets."""
    tip_x, tip_y = cut.shoulder_tip
    strap = ribbon([(0.22, cut.top + 0.045), (tip_x - 0.015, tip_y - 0.005)], 0.06)
    s.canvas.both(strap, s.cloth.colour)
    pocket = [(0.27, 0.22), (0.31, 0.2), (0.36, 0.42), (0.32, 0.44)]
    s.canvas.both(np.array(pocket) + np.array([0, WAIST]), s.cloth.colour)
    count = 4 if s.shape["length"] > 1.5 else 3
    for sign in (-1, 1):
        buttons(s, [(sign * 0.25, cut.top + 0.055)], 0.016)
        places = rows(sign * 0.125, WAIST - 0.2, cut.bottom - 0.5, count)
        buttons(s, [(x, y) for x, y in places if abs(y - WAIST) > 0.08], 0.027)


def _lapels(s: Subject, cut: Cut) -> None:
    """Draw collar and lapels, folded outwards from a deep V."""
    c, top, tone = s.canvas, cut.top, contrast(s.cloth.colour, 0.08)
    leaf = [(0.02, top + 0.42), (0.27, top + 0.24), (0.3, top + 0.13), (0.2, top + 0.12)]
    c.both(np.array([*leaf, (0.15, top)]), tone)
    fold = [(0.15, top - 0.05), (0.21, top + 0.02), (0.32, top + 0.13), (0.2, top + 0.14)]
    c.both(np.array([*fold, (0.1, top + 0.07)]), tone)
    upper = [(0, top - 0.065), (0.1, top - 0.07), (0.155, top - 0.04)]
    stand = symmetric(upper, [upper[-1], (0.12, top + 0.03), (0, top + 0.05)])
    c.piece(stand, darker(tone, 0.15))


def _belt(s: Subject, half: float) -> None:
    """Draw the belt with its buckle, the end hanging down."""
    c, y, tone = s.canvas, WAIST, contrast(s.cloth.colour, 0.1)
    c.cord([(-0.1, y + 0.03), (-0.15, y + 0.2), (-0.13, y + 0.42)], tone, 0.075)
    c.piece(ribbon(span([(0, y + 0.015), (half, y - 0.01)]), 0.095), tone)
    horn = mix(s.trim, (70, 46, 30), 0.6)
    c.piece(box(-0.075, y - 0.065, 0.055, y + 0.09, 0.02), horn)
    c.piece(box(-0.048, y - 0.036, 0.028, y + 0.062, 0.01), tone, darker(horn))
    c.line([(-0.05, y + 0.012), (0.045, y + 0.012)], lighter(horn, 0.2), 0.016)
    c.shade(ellipse(0, y + 0.09, half, 0.03), -0.2)
