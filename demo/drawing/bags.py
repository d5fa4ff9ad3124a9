"""Totes, shoulder bags and backpacks, standing, from the front."""

from __future__ import annotations

import numpy as np

from demo.drawing.canvas import Subject
from demo.drawing.curves import (
    Points,
    box,
    ellipse,
    mirror,
    moved,
    outline,
    ribbon,
    span,
    symmetric,
)
from demo.drawing.palette import Colour, contrast, darker, lighter, mix

METALS: tuple[Colour, ...] = ((212, 172, 88), (190, 194, 200), (120, 104, 80))
FLOOR = 0.95  # y on which bags stand


def metal_of(s: Subject) -> Colour:
    """Return the colour of buckles, rings and zips."""
    return METALS[int(s.shape["metal"] * 2.99)]


def leather_light(s: Subject, top: float, half: float, height: float) -> None:
    """Lay the sheen of leather over a bag: a bright upper left, a shaded foot."""
    s.canvas.glow(-half * 0.4, top + height * 0.3, half * 0.3, height * 0.25, 0.3)
    foot = span([(0, top + height * 0.97), (half, top + height * 0.95)])
    s.canvas.fold(foot, -0.2, 0.1)


def close_zip(s: Subject, run: Points) -> None:
    """Draw a zip along a curve, its puller at the right end."""
    c, metal = s.canvas, metal_of(s)
    c.line(run, darker(s.cloth.colour, 0.45), 0.035)
    c.stitches(run, metal, 0.018, 0.018)
    x, y = run[-1].tolist()
    c.cord([(x - 0.02, y), (x - 0.01, y + 0.1)], metal, 0.03)


def tote(s: Subject) -> None:
    """Draw an open-topped bag with two handles; drop is how high they stand."""
    c, shape = s.canvas, s.shape
    half, height, drop = shape["width"] * 0.6, shape["height"], shape["drop"]
    top, reach = FLOOR - height, half * 0.46
    foot = half * (1 - 0.3 * shape["flare"])
    strap = darker(s.trim, 0.12) if s.has("two-tone") else darker(s.cloth.colour, 0.18)
    far = span([(0, top - drop - 0.06), (reach * 0.86, top - drop * 0.8), (reach, top)])
    c.piece(ribbon(far, 0.055), darker(strap, 0.3))
    mouth = [(0, top - 0.045), (half * 0.6, top - 0.04), (half, top)]
    c.piece(symmetric(mouth, [(half, top), (0, top + 0.09)]), s.inside)
    sag = 0.03 * shape["soft"]
    rim = [(0, top + 0.025 + sag), (half * 0.5, top + 0.018 + sag), (half, top)]
    c.piece(symmetric(rim, *_flank(s, top, half, foot)), s.cloth)
    if s.has("two-tone"):
        y = FLOOR - height * 0.3
        at = foot + (half - foot) * 0.3 + 0.01 + 0.02 * shape["soft"]
        c.piece(symmetric([(0, y + 0.02), (at, y)], *_flank(s, y, at, foot)), s.trim)
    c.stitches(span([(0, top + 0.07 + sag), (half - 0.03, top + 0.05)]), s.seam)
    _near_handle(s, top, reach, strap)
    if s.has("charm"):
        c.cord([(reach, top + 0.1), (reach + 0.05, top + 0.25)], metal_of(s), 0.014)
        c.piece(ellipse(reach + 0.05, top + 0.32, 0.06, 0.075), s.trim)
    if s.has("pocket"):
        low, high = FLOOR - height * 0.12, top + height * 0.42
        c.piece(box(-half * 0.5, high, half * 0.5, low, 0.03), s.cloth)
    for x in (-0.5 * half, 0.15 * half, 0.55 * half):
        run = [(x, top + 0.1), (x * 0.95, top + height * 0.5), (x * 0.85, FLOOR - 0.1)]
        c.fold(run, -0.16 * shape["soft"], 0.07)
    leather_light(s, top, half, height)


def _flank(s: Subject, top: float, half: float, foot: float) -> list[list[tuple[float, float]]]:
    """Return the right side of a tote, from half a width at the top to the foot."""
    bulge = (half + foot) / 2 + (0.03 * s.shape["soft"] if top < FLOOR - 0.5 else 0.0)
    return [
        [(half, top), (bulge, top + (FLOOR - top) * 0.55), (foot, FLOOR - 0.05)],
        [(foot, FLOOR - 0.05), (foot - 0.04, FLOOR), (foot - 0.1, FLOOR + 0.005)],
        [(foot - 0.1, FLOOR + 0.005), (0, FLOOR + 0.01)],
    ]


def _near_handle(s: Subject, top: float, reach: float, strap: Colour) -> None:
    """Draw the front handle with the patches and rings that hold it."""
    drop = s.shape["drop"]
    arch = [(0, top - drop * 0.97), (reach * 0.84, top - drop * 0.72), (reach, top)]
    s.canvas.piece(ribbon(span([*arch, (reach, top + 0.18)]), 0.062), strap)
    patch = outline(
        [(-0.045, top + 0.07), (0.045, top + 0.07)],
        [(0.045, top + 0.17), (0, top + 0.23), (-0.045, top + 0.17)],
    )
    for x in (-reach, reach):
        s.canvas.piece(moved(patch, x, 0), strap)
        _ring(s, x, top + 0.11, 0.022)


def _ring(s: Subject, x: float, y: float, r: float = 0.035) -> None:
    metal = metal_of(s)
    s.canvas.piece(ellipse(x, y, r), metal)
    s.canvas.piece(ellipse(x, y, r * 0.5), darker(metal, 0.5), width=0.004)


def shoulder_bag(s: Subject) -> None:
    """Draw a bag with a flap or a zip and one long strap, of leather or of chain."""
    c, shape = s.canvas, s.shape
    half, height, round_ = shape["width"] * 0.56, shape["height"], shape["round"]
    bottom = FLOOR - 0.1
    top = bottom - height
    hang = half * (0.93 - 0.1 * round_)
    _long_strap(s, top, hang)
    belly, corner = half * (1 + 0.12 * round_), 0.06 + 0.16 * round_
    side = [(half * 0.94, top + 0.04), (belly, top + height * 0.6), (belly - 0.01, bottom - corner)]
    turn = [side[-1], (belly - corner * 0.35, bottom - corner * 0.3), (belly - corner, bottom)]
    rim = [(0, top), (half * 0.7, top + 0.005), side[0]]
    c.piece(symmetric(rim, side, turn, [turn[-1], (0, bottom + 0.012)]), s.cloth)
    if s.has("flap"):
        _flap(s, half, top, height, round_)
    else:
        close_zip(s, span([(0, top + 0.15), (half * 0.85, top + 0.13)]))
        seam = span([(0, bottom - height * 0.3), (belly * 0.97, bottom - height * 0.35)])
        c.line(seam, s.seam, 0.01)
    for x in (-hang * 0.97, hang * 0.97):
        _ring(s, x, top + 0.09)
    if s.has("fringe"):
        tone = contrast(s.cloth.colour, 0.12)
        for x in np.linspace(-half * 0.8, half * 0.8, 17).tolist():
            c.cord([(x, bottom - 0.2), (x + 0.005, bottom + 0.06)], tone, 0.03)
    leather_light(s, top, half, height)


def _long_strap(s: Subject, top: float, hang: float) -> None:
    """Draw the strap, standing in an arch; a chain has links."""
    c, arch = s.canvas, s.shape["drop"]
    right = [(0, top - arch), (hang * 0.52, top - arch * 0.9), (hang * 0.9, top - arch * 0.52)]
    strap = span([*right, (hang, top + 0.08)])
    if s.has("chain"):
        metal = metal_of(s)
        c.piece(ribbon(strap, 0.035), darker(metal, 0.25))
        c.stitches(strap, lighter(metal, 0.45), 0.045, 0.02)
    else:
        c.piece(ribbon(strap, 0.05), darker(s.cloth.colour, 0.15))


def _flap(s: Subject, half: float, top: float, height: float, round_: float) -> None:
    """Draw the flap over the front, its lock in the middle."""
    c, edge = s.canvas, half * 0.99
    low = top + height * (0.56 + 0.12 * s.shape["soft"])
    turn = (edge, low - 0.1 - 0.1 * round_)
    upper = [(0, top - 0.012), (half * 0.7, top - 0.008), (half * 0.95, top + 0.03)]
    lower = [turn, (edge * 0.82, low - 0.03), (edge * 0.5, low), (0, low + 0.02)]
    flap = symmetric(upper, [upper[-1], turn], lower)
    c.shade(moved(flap, 0, 0.05), -0.25)
    c.piece(flap, contrast(s.cloth.colour, 0.06) if s.cloth.pattern == "plain" else s.cloth)
    hem = moved(outline(lower), 0, -0.03) * (0.95, 1)
    c.stitches(np.concatenate([hem, mirror(hem)[1:]]), s.seam)
    metal = metal_of(s)
    c.piece(box(-0.06, low - 0.09, 0.06, low + 0.04, 0.03), metal)
    c.piece(box(-0.03, low - 0.055, 0.03, low + 0.005, 0.02), lighter(metal, 0.4), darker(metal))


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
