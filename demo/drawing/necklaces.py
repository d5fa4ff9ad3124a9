"""Necklaces: chains, beads and pearls, pendants, on a bust or laid out."""

from __future__ import annotations

import math

import numpy as np

from demo.drawing.canvas import Subject
from demo.drawing.curves import Points, along, box, ellipse, moved, ribbon, span, symmetric, turned
from demo.drawing.palette import WHITE, Colour, darker, lighter, mix

PEARL: Colour = (238, 230, 218)
BUSTS: tuple[Colour, Colour] = ((58, 56, 62), (226, 218, 206))  # velvet, linen


def necklace(s: Subject) -> None:
    """Draw a necklace: one or two rows of chain, beads or pearls, perhaps a pendant."""
    shape, bust = s.shape, s.has("bust")
    half, drop = 0.36 + 0.16 * shape["wide"], 0.55 + 0.75 * shape["length"]
    top = -0.92 if bust else -0.3 - drop * 0.5
    neck = 0.21 if bust else 0.42 * half
    if bust:
        _bust(s)
    else:
        _links(s, span([(0, top - 0.05), (neck, top)]))
    for row in range(2 if s.has("layered") else 1):
        deep, wide = drop * (1 - 0.28 * row), half * (1 - 0.12 * row) * (0.74 if bust else 1.0)
        right = [
            (0, top + deep),
            (wide * 0.62, top + deep * 0.82),
            (wide * 0.92, top + deep * 0.35),
        ]
        run = span([*right, (neck, top)])
        if s.has("beads") and row == 0:
            _beads(s, run)
        else:
            _links(s, run)
    if s.has("pendant"):
        _pendant(s, top + drop)


def _bust(s: Subject) -> None:
    """Draw a display bust: neck and shoulders."""
    body = symmetric(
        [(0, -1.12), (0.2, -1.1), (0.24, -0.85), (0.34, -0.68), (0.62, -0.52)],
        [(0.62, -0.52), (0.8, -0.3), (0.72, 0.3), (0.42, 0.82)],
        [(0.42, 0.82), (0, 0.86)],
    )
    s.canvas.piece(body * 0.96, s.rng.choice(BUSTS))
    s.canvas.glow(-0.25, -0.2, 0.2, 0.4, 0.14)


def _links(s: Subject, run: Points) -> None:
    """Draw a chain: a cord with bright links along it."""
    metal, weight = s.cloth.colour, s.shape["weight"]
    width = 0.014 + 0.03 * weight
    s.canvas.piece(ribbon(run, width), darker(metal, 0.12), darker(metal, 0.3), 0.004)
    s.canvas.stitches(run, lighter(metal, 0.45), 0.03 + 0.05 * weight, width * 0.55)


def _beads(s: Subject, run: Points) -> None:
    """Draw beads or pearls, larger towards the middle, each with a glint."""
    radius = 0.035 + 0.04 * s.shape["size"]
    length = float(np.hypot(*np.diff(run, axis=0).T).sum())
    count = max(9, round(length / (radius * 1.75)))
    colour = PEARL if s.has("pearls") else s.trim
    glint = lighter(colour, 0.7)
    for i, (x, y) in enumerate(along(run, count).tolist()):
        r = radius * (0.72 + 0.36 * math.sin(math.pi * i / (count - 1)))
        s.canvas.piece(ellipse(x, y, r), colour, width=0.006)
        s.canvas.piece(ellipse(x - r * 0.3, y - r * 0.32, r * 0.3), glint, glint, 0.002)


def _pendant(s: Subject, y: float) -> None:
    """Draw a pendant below the chain's lowest point."""
    size = 0.10 + 0.09 * s.shape["size"]
    s.canvas.piece(ellipse(0, y + 0.02, 0.03), s.cloth.colour)
    PENDANTS[int(s.shape["motif"] * (len(PENDANTS) - 0.01))](s, y + 0.03 + size, size)


def _disc(s: Subject, y: float, size: float) -> None:
    c, metal = s.canvas, s.cloth.colour
    c.piece(ellipse(0, y, size), metal)
    c.piece(ellipse(0, y, size * 0.78), lighter(metal, 0.2), darker(metal, 0.2), 0.006)
    for i in range(8):
        ray = turned(np.array([(0, -size * 0.62), (0, -size * 0.4)]), i * math.pi / 4)
        c.line(moved(ray, 0, y), darker(metal, 0.35), 0.012)


def _drop(s: Subject, y: float, size: float) -> None:
    right = [(0, y - size), (size * 0.62, y + size * 0.25), (0, y + size)]
    s.canvas.piece(symmetric(right), s.trim, s.cloth.colour, 0.022)
    _glint(s, -size * 0.2, y, size * 0.22)


def _heart(s: Subject, y: float, size: float) -> None:
    heart = symmetric([(0, -0.45), (0.35, -0.85), (0.9, -0.6), (0.75, 0.15), (0, 0.95)])
    s.canvas.piece(moved(heart * size, 0, y), s.cloth.colour)
    _glint(s, -size * 0.4, y - size * 0.35, size * 0.2)


def _bar(s: Subject, y: float, size: float) -> None:
    bar = box(-size * 0.24, y - size, size * 0.24, y + size * 1.2, 0.02)
    s.canvas.piece(bar, s.cloth.colour)
    shine = [(-size * 0.1, y - size * 0.8), (-size * 0.1, y + size)]
    s.canvas.line(shine, lighter(s.cloth.colour, 0.6), 0.014)


def _gem(s: Subject, y: float, size: float) -> None:
    """Draw a faceted stone in a setting."""
    c, stone = s.canvas, s.trim
    c.piece(ellipse(0, y, size * 1.14), s.cloth.colour)
    corners = moved(ellipse(0, 0, size)[2::5], 0, y)
    middle = np.array([0.0, y])
    for i, corner in enumerate(corners):
        tone = mix(lighter(stone, 0.55), darker(stone, 0.25), (i % 4) / 3)
        facet = np.array([middle, corner, corners[(i + 1) % len(corners)]])
        c.piece(facet, tone, lighter(stone, 0.4), 0.004)
    c.piece((corners + middle) / 2, lighter(stone, 0.3), lighter(stone, 0.6), 0.004)
    _glint(s, -size * 0.2, y - size * 0.2, size * 0.14)


def _glint(s: Subject, x: float, y: float, r: float) -> None:
    s.canvas.piece(ellipse(x, y, r, r * 1.3, 0.5), WHITE, WHITE, 0.002)


PENDANTS = (_disc, _drop, _gem, _heart, _bar)
