"""Backpacks, standing, from the front."""

from __future__ import annotations

import numpy as np

from product_classifier.demo.bags import FLOOR, close_zip, leather_light, metal_of
from product_classifier.demo.curves import box, moved, ribbon, span, symmetric
from product_classifier.demo.palette import contrast, darker, mix
from product_classifier.demo.subject import Subject


def backpack(s: Subject) -> None:
    """Draw a backpack: top handle, straps seen at the sides, front pocket, flap or zip."""
    c, shape = s.canvas, s.shape
    half, height, r = shape["width"] * 0.5, shape["height"], 0.12 + 0.16 * shape["round"]
    top = FLOOR - height
    _straps(s, half, top, height)
    shoulder = [(half - r, top + 0.01), (half - r * 0.3, top + r * 0.35), (half, top + r)]
    side = [(half, top + r), (half + 0.025, top + height * 0.6), (half - 0.01, FLOOR - 0.1)]
    corner = [(half - 0.01, FLOOR - 0.1), (half - 0.04, FLOOR - 0.025), (half - 0.13, FLOOR)]
    body = symmetric([(0, top), *shoulder], side, corner, [corner[-1], (0, FLOOR + 0.012)])
    c.piece(body, s.cloth)
    if s.has("flap"):
        _hood(s, half, top, height)
    else:
        arch = [(half * 0.74, top + r * 0.75), (half * 0.88, top + height * 0.42)]
        close_zip(s, span([(0, top + 0.11), *arch]))
    _front_pocket(s, half * 0.8, FLOOR - height * shape["pocket-height"])
    for sign in (-1, 1):
        seam = [(sign * half * 0.98, top + height * 0.5), (sign * half * 0.93, FLOOR - 0.08)]
        c.line(seam, s.seam, 0.01)
    leather_light(s, top, half, height)


def _straps(s: Subject, half: float, top: float, height: float) -> None:
    """Draw the two straps behind and the handle above."""
    c = s.canvas
    strap = s.trim if s.has("two-tone") else darker(s.cloth.colour, 0.2)
    bow = [(half * 1.12, top + 0.25), (half * 1.3, top + height * 0.55), (half * 1.02, FLOOR - 0.1)]
    for sign in (-1, 1):
        run = np.array([(0.16, top + 0.06), *bow]) * (sign, 1)
        c.piece(ribbon(run, [0.07, 0.1, 0.09, 0.05]), strap)
    handle = span([(0, top - 0.13), (0.1, top - 0.09), (0.12, top + 0.06)])
    c.piece(ribbon(handle, 0.05), strap)


def _front_pocket(s: Subject, half: float, top: float) -> None:
    """Draw the pocket with its zip and a leather label."""
    c = s.canvas
    pocket = box(-half, top, half, FLOOR - 0.07, 0.1)
    c.shade(moved(pocket, 0, 0.04), -0.2)
    if s.has("two-tone"):
        c.piece(pocket, s.trim)
    else:
        plain = s.cloth.pattern == "plain"
        c.piece(pocket, contrast(s.cloth.colour, 0.08) if plain else s.cloth)
    close_zip(s, span([(0, top + 0.09), (half * 0.8, top + 0.1)]))
    c.piece(box(-0.08, top + 0.2, 0.08, top + 0.28, 0.015), mix(s.trim, (120, 80, 50), 0.5))


def _hood(s: Subject, half: float, top: float, height: float) -> None:
    """Draw a flap over the opening, held by two buckled belts."""
    c, w, low = s.canvas, half * 1.02, top + height * 0.48
    upper = [(0, top - 0.02), (w * 0.7, top + 0.01), (w, top + 0.18)]
    lower = [(w * 1.01, low - 0.1), (w * 0.85, low), (0, low + 0.02)]
    flap = symmetric(upper, [upper[-1], lower[0]], lower)
    c.shade(moved(flap, 0, 0.05), -0.25)
    c.piece(flap, contrast(s.cloth.colour, 0.1) if s.cloth.pattern == "plain" else s.cloth)
    metal = metal_of(s)
    for x in (-half * 0.45, half * 0.45):
        c.piece(ribbon([(x, low - 0.14), (x, low + 0.14)], 0.06), s.trim)
        c.piece(box(x - 0.05, low, x + 0.05, low + 0.08, 0.012), metal)
        c.piece(box(x - 0.028, low + 0.02, x + 0.028, low + 0.06), s.trim, darker(metal))
