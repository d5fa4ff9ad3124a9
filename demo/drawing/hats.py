"""Hats with brims, baseball caps, beanies."""

from __future__ import annotations

import math

import numpy as np

from demo.drawing.canvas import Subject
from demo.drawing.curves import box, ellipse, moved, outline, ribbon, span, symmetric
from demo.drawing.palette import contrast, darker, lighter, mix
from demo.drawing.patterns import Cloth


def brimmed_hat(s: Subject) -> None:
    """Draw a fedora, sun hat or bucket hat; they differ in brim, crown and dent."""
    c, shape, half, y = s.canvas, s.shape, 0.4, 0.18
    dent, reach, droop = shape["dent"], 0.44 + 0.42 * shape["brim"], shape["droop"] * 0.12
    rim_end = (reach, y + droop)
    lower = [rim_end, (reach * 0.72, y + 0.13 + droop * 0.8), (0, y + 0.19 + droop * 0.4)]
    c.piece(symmetric([(0, y - 0.15), (half, y - 0.12), rim_end], lower), s.cloth)
    c.fold(span([(0, y + 0.14), (reach * 0.8, y + 0.1)]), 0.15, 0.07)
    top, narrow = y - 0.42 - 0.28 * shape["crown"], half * (0.86 - 0.12 * dent)
    dome = symmetric(
        [(0, top + 0.09 * dent), (narrow * 0.5, top - 0.012), (narrow, top + 0.08)],
        [(narrow, top + 0.08), (half * 0.98, y - 0.2), (half + 0.01, y - 0.02)],
        [(half + 0.01, y - 0.02), (half * 0.6, y + 0.06), (0, y + 0.085)],
    )
    c.piece(dome, s.cloth)
    _band(s, half, y)
    c.fold([(-0.05, top + 0.08), (-0.1, top + 0.2), (-0.19, top + 0.3)], -0.32 * dent, 0.1)
    c.fold([(0.1, top + 0.07), (0.17, top + 0.16), (0.22, top + 0.27)], -0.25 * dent, 0.08)
    c.glow(-half * 0.45, y - 0.3, 0.1, 0.2, 0.22)
    c.glow(half * 0.8, y - 0.2, 0.09, 0.25, -0.22)
    c.fold(span([(0, y + 0.13), (half, y + 0.06)]), -0.32, 0.06)


def _band(s: Subject, half: float, y: float) -> None:
    """Draw a ribbon about the crown, perhaps with a bow at the side."""
    c = s.canvas
    run = span([(0, y + 0.03), (half * 0.6, y), (half + 0.006, y - 0.07)])
    c.piece(ribbon(run, 0.06 + 0.08 * s.shape["band"]), s.trim)
    if s.has("bow"):
        loop = outline([(0, 0), (0.1, -0.065), (0.1, 0.045), (0, 0)])
        for sign in (-1, 1):
            c.piece(moved(loop * (sign, 1), 0.22, y + 0.015), s.trim)
        c.piece(ellipse(0.22, y + 0.012, 0.028), s.trim)


def cap(s: Subject) -> None:
    """Draw a baseball cap in three-quarter view: panels, button, peak, badge."""
    c, top = s.canvas, -0.54 - 0.1 * s.shape["crown"]
    left = [(-0.55, 0.22), (-0.58, -0.1), (-0.42, top + 0.12)]
    right = [(-0.08, top), (0.24, top + 0.11), (0.4, -0.13), (0.43, 0.13)]
    crown = outline([*left, *right], [right[-1], (0.1, 0.2), (-0.2, 0.26), left[0]])
    peak = outline(
        [(-0.06, 0.17), (0.2, 0.09), (0.43, 0.1)],
        [(0.43, 0.1), (0.74, 0.16), (0.9, 0.32), (0.84, 0.38)],
        [(0.84, 0.38), (0.55, 0.33), (0.25, 0.35), (-0.02, 0.37)],
        [(-0.02, 0.37), (-0.09, 0.28), (-0.06, 0.17)],
    )
    two_tone = s.has("two-tone")
    tone = s.trim if two_tone else contrast(s.cloth.colour, 0.08)
    c.piece(crown, s.cloth)
    c.line([(-0.08, top), (-0.26, -0.2), (-0.28, 0.25)], s.seam, 0.01)
    c.line([(-0.08, top), (0.2, -0.25), (0.28, 0.13)], s.seam, 0.01)
    c.piece(ellipse(-0.08, top - 0.005, 0.05, 0.025), tone)
    c.piece(peak, tone)
    for y in (0.045, 0.09, 0.135):
        run = [
            (0, 0.2 + y),
            (0.3, 0.12 + y * 1.1),
            (0.6, 0.17 + y),
            (0.82 - y * 0.4, 0.29 + y * 0.6),
        ]
        c.stitches(run, darker(tone, 0.25), 0.024, 0.006)
    badge = lighter(s.cloth.colour, 0.7) if two_tone else s.trim
    c.piece(ellipse(0.04, -0.13, 0.11, 0.12), badge)
    c.piece(ellipse(0.04, -0.13, 0.06, 0.065), contrast(badge, 0.45), width=0.005)
    c.glow(-0.3, -0.25, 0.12, 0.16, 0.2)
    c.fold([(-0.5, 0.2), (-0.1, 0.23), (0.35, 0.12)], -0.25, 0.06)


def beanie(s: Subject) -> None:
    """Draw a knitted beanie with a turned-up brim, perhaps a pompom."""
    c, half, top = s.canvas, 0.46, -0.5 - 0.22 * s.shape["crown"]
    if s.has("pompom"):
        _pompom(s, top - 0.08)
    dome = [(0, top), (half * 0.45, top + 0.04), (half * 0.86, top + 0.3), (half, 0.15)]
    c.piece(symmetric(dome, [(half, 0.15), (0, 0.2)]), s.cloth)
    for x in (-0.3, -0.1, 0.12, 0.3):
        c.fold([(x * 0.2, top + 0.05), (x * 0.8, top + 0.3), (x, 0.1)], -0.2, 0.06)
    depth = 0.2 + 0.12 * s.shape["band"]
    upper = [(0, 0.16), (half * 0.6, 0.145), (half + 0.025, 0.09)]
    lower = [(half + 0.01, 0.09 + depth), (half * 0.6, 0.14 + depth), (0, 0.155 + depth)]
    brim = symmetric(upper, [upper[-1], (half + 0.03, 0.09 + depth * 0.5), lower[0]], lower)
    c.piece(brim, Cloth(s.trim if s.has("two-tone") else contrast(s.cloth.colour, 0.08), "rib"))
    if s.has("label"):
        c.piece(box(0.1, 0.22, 0.26, 0.31, 0.01), (150, 104, 66))
    c.fold(span([(0, 0.17), (half, 0.12)]), -0.3, 0.06)
    c.glow(-0.2, -0.15, 0.12, 0.2, 0.15)


def _pompom(s: Subject, y: float) -> None:
    """Draw tufts in rings."""
    tone = lighter(s.trim, 0.3)
    for ring, count in ((0.15, 22), (0.09, 14), (0.03, 6)):
        for angle in np.arange(count) * 2 * math.pi / count:
            angle += s.rng.uniform(-0.1, 0.1)
            tuft = ellipse(ring * math.cos(angle), y + ring * math.sin(angle), 0.045)
            s.canvas.piece(tuft, mix(tone, darker(tone), s.rng.uniform(0, 0.5)), width=0.004)
