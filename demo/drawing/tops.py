"""T-shirts, polo shirts, blouses and sports tops, laid flat."""

from __future__ import annotations

import numpy as np

from demo.drawing.bodice import (
    Cut,
    back_of_neck,
    body_folds,
    buttons,
    collar,
    cuffs,
    cut_of,
    hem_seam,
    neckband,
    rows,
    sleeve_hems,
    sleeves,
)
from demo.drawing.canvas import Subject
from demo.drawing.curves import box, ellipse, moved, outline, symmetric
from demo.drawing.palette import contrast, darker, lighter
from demo.drawing.patterns import Cloth


def tee(s: Subject) -> None:
    """Draw a T-shirt: neckband, hemmed sleeves, sometimes a pocket or a print."""
    cut = cut_of(s)
    sleeve_hems(s, sleeves(s, cut, s.shape["sleeve"], s.shape["cuff"]))
    back_of_neck(s, cut)
    s.canvas.piece(cut.body, s.cloth)
    neckband(s, cut, contrast(s.cloth.colour, 0.12))
    hem_seam(s, cut)
    body_folds(s, cut)
    if s.has("pocket"):
        _pocket(s, 0.19, cut.armpit[1] - 0.08)
    elif s.has("print"):
        _print(s, cut.armpit[1] + 0.08)


def _pocket(s: Subject, x: float, y: float, w: float = 0.1) -> None:
    """Draw a patch pocket at the chest."""
    bag = outline([(x - w, y), (x + w, y)], [(x + w, y + 0.18), (x, y + 0.22), (x - w, y + 0.18)])
    s.canvas.piece(bag, s.cloth)
    s.canvas.line([(x - w, y + 0.03), (x + w, y + 0.03)], s.seam, 0.007)


def _print(s: Subject, y: float) -> None:
    """Draw an abstract badge on the chest: a sun behind hills, or bars."""
    c, ink, dark = s.canvas, s.trim, darker(s.trim, 0.35)
    if s.rng.random() < 0.5:
        c.piece(ellipse(0, y, 0.17), ink, ink)
        hills = [(-0.17, y + 0.03), (-0.06, y - 0.04), (0.04, y + 0.04), (0.17, y - 0.01)]
        low = [(0.12, y + 0.12), (0, y + 0.17), (-0.12, y + 0.12)]
        c.piece(outline(hills, low), dark, dark)
    else:
        for i, half in enumerate((0.2, 0.13, 0.17)):
            at = y - 0.08 + i * 0.08
            c.piece(box(-half, at, half, at + 0.045, 0.02), ink, ink)


def polo(s: Subject) -> None:
    """Draw a polo shirt: knitted collar, short placket with buttons, ribbed cuffs."""
    cut = cut_of(s)
    knit = s.trim if s.has("tipped") else contrast(s.cloth.colour, 0.06)
    cuffs(s, sleeves(s, cut, s.shape["sleeve"], s.shape["cuff"]), Cloth(knit, "rib"), 0.05)
    back_of_neck(s, cut)
    s.canvas.piece(cut.body, s.cloth)
    low = cut.top + cut.depth
    end = low + 0.12 + 0.16 * s.shape["placket"]
    s.canvas.piece(box(-0.045, low - 0.06, 0.045, end), contrast(s.cloth.colour, 0.07))
    buttons(s, rows(0.0, low + 0.05, end - 0.05, 3 if s.has("placket") else 2))
    collar(s, cut, knit, spread=0.26, drop=0.19)
    hem_seam(s, cut)
    if s.has("emblem"):
        s.canvas.piece(ellipse(0.2, cut.armpit[1] - 0.03, 0.028, 0.035), s.trim)
    body_folds(s, cut)


def shirt(s: Subject) -> None:
    """Draw a blouse that buttons all the way down, with a shirt tail."""
    c, cut, tail = s.canvas, cut_of(s), 0.1 * s.shape["tail"]
    end = sleeves(s, cut, s.shape["sleeve"], s.shape["cuff"], puff=0.02)
    cuffs(s, end, s.cloth.colour, 0.1 if s.shape["sleeve"] > 0.5 else 0.045)
    back_of_neck(s, cut)
    low, bottom = cut.top + cut.depth, cut.bottom + tail
    side = [cut.armpit, (cut.waist, cut.waist_y), (cut.hem, cut.bottom - tail)]
    hem = [side[-1], (cut.hem * 0.55, cut.bottom + tail * 0.5), (0.0, bottom)]
    shoulder = [(cut.neck, cut.top), cut.shoulder_tip]
    c.piece(symmetric(cut.neckline, shoulder, cut.armhole_edge, side, hem), s.cloth)
    strip = box(-0.05, low - 0.03, 0.05, bottom)
    c.piece(strip, contrast(s.cloth.colour, 0.06), s.seam, 0.007)
    count = round(5 + 2 * s.shape["length"])
    buttons(s, rows(0.0, low + 0.05, cut.bottom - 0.08, count), 0.02)
    collar(s, cut, contrast(s.cloth.colour, 0.05), spread=0.2, drop=0.22)
    for sign in (-1, 1):
        yoke = [(sign * (cut.neck + 0.04), cut.top + 0.16), (sign * cut.chest, cut.top + 0.19)]
        c.line(yoke, s.seam, 0.006)
    if s.has("pocket"):
        _pocket(s, 0.22, cut.armpit[1] - 0.06)
    body_folds(s, cut)


def sports_top(s: Subject) -> None:
    """Draw a training top: tank or tee with side panels, raglan sleeves, reflective marks."""
    c, cut = s.canvas, cut_of(s)
    raglan = s.has("raglan") and s.shape["sleeve"] > 0.05
    back_of_neck(s, cut)
    if s.shape["sleeve"] > 0.05:
        cloth = s.trim if raglan else s.cloth
        sleeve_hems(s, sleeves(s, cut, s.shape["sleeve"], s.shape["cuff"], cloth))
    else:
        _racer_back(s, cut)
    c.piece(cut.body, s.cloth)
    if s.has("panel"):
        (ax, ay), (wx, wy), (hx, hy) = cut.side
        inner = [(hx - 0.13, hy + 0.012), (wx - 0.10, wy), (ax - 0.03, ay + 0.02)]
        c.both(outline(cut.side, inner), s.trim)
    if raglan:
        neck, pit = (cut.neck, cut.top), cut.armpit
        edge = [cut.shoulder_tip, (pit[0] - 0.04, pit[1] - 0.14), pit]
        c.both(outline([neck, edge[0]], edge, [pit, (neck[0] + 0.1, neck[1] + 0.16), neck]), s.trim)
    neckband(s, cut, s.trim, 0.032)
    hem_seam(s, cut, 0.04)
    mark, slash = lighter(s.trim, 0.2), np.array([(0, 0), (0.02, 0), (0.05, -0.06), (0.03, -0.06)])
    for x in (0.15, 0.185):
        c.piece(moved(slash, x, cut.armpit[1] - 0.04), mark, mark)
    body_folds(s, cut, 0.22)


def _racer_back(s: Subject, cut: Cut) -> None:
    """Draw the straps of the back, crossing behind a low neckline."""
    for sign in (-1, 1):
        band = [(sign * cut.neck, cut.top - 0.01), (sign * 0.03, cut.top + 0.19)]
        band.append((sign * -0.02, cut.top + 0.39))
        s.canvas.cord(band, darker(s.cloth.colour, 0.25), 0.075)
