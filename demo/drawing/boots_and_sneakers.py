"""Sneakers and boots: the closed shoes, built on the same last as the others."""

from __future__ import annotations

import numpy as np

from demo.drawing.curves import Run, along, box, ellipse, moved, outline, spline
from demo.drawing.last import BRASS, GROUND, HEEL, TOE, Last, foot, lit_toe, pair_of, pale, put_heel
from demo.drawing.palette import brightness, contrast, darker
from demo.drawing.patterns import Cloth


def _sneaker(last: Last) -> None:
    """Draw a sneaker: a canvas shoe or a runner, low or high."""
    s, shape = last.s, last.s.shape
    thick, high = 0.08 + 0.09 * shape["sole"], shape["high"]
    base = GROUND - thick
    collar = base - 0.33 - 0.3 * high
    back = [(HEEL + 0.04, base), (HEEL + 0.0, base - 0.18), (HEEL + 0.05, collar)]
    mouth = [back[-1], (HEEL + 0.2, collar + 0.07), (-0.26, collar + 0.06), (-0.09, collar - 0.03)]
    front = [
        mouth[-1],
        (0.1, base - 0.33 - 0.1 * high),
        (0.36, base - 0.2),
        (0.6, base - 0.165),
        (TOE - 0.01, base),
    ]
    inner = [mouth[0], (HEEL + 0.3, collar - 0.02), (-0.2, collar - 0.01), mouth[-1]]
    last.piece(outline(inner, mouth[::-1]), s.inside)
    tongue = [
        (-0.26, collar + 0.03),
        (-0.21, collar - 0.13),
        (-0.07, collar - 0.12),
        (0.1, base - 0.32),
    ]
    last.piece(
        outline(tongue, [tongue[-1], (-0.1, collar + 0.08), tongue[0]]),
        contrast(s.cloth.colour, 0.1),
    )
    last.piece(outline(back, mouth, front, [front[-1], back[0]]), s.cloth)
    if s.has("runner"):
        _runner(last, base, collar)
    else:
        _canvas_shoe(last, base, collar)
    _laces(last, front)
    _rubber(last, base, thick)
    last.fold([(0.05, base - 0.05), (0.2, base - 0.12), (0.28, base - 0.2)], -0.18, 0.05)


def _runner(last: Last, base: float, collar: float) -> None:
    """Draw slanted bands at the side, a heel counter, a reinforced toe."""
    trim = last.s.trim
    counter = [(HEEL + 0.035, base - 0.01), (HEEL + 0.01, base - 0.18), (HEEL + 0.2, base - 0.2)]
    last.piece(outline([*counter, (HEEL + 0.34, base - 0.01)]), trim)
    for i in range(3):
        x = -0.26 + i * 0.13
        last.band([(x, base - 0.02), (x + 0.09, base - 0.12), (x + 0.2, base - 0.25)], trim, 0.042)
    cap = [(0.44, base - 0.005), (0.52, base - 0.12), (0.67, base - 0.11), (TOE - 0.01, base)]
    last.piece(outline(cap), contrast(last.leather, 0.25))


def _canvas_shoe(last: Last, base: float, collar: float) -> None:
    """Draw a heel tab, a rubber toe cap, a stitched seam, on a high shoe a round badge."""
    s = last.s
    tab = outline(
        [(HEEL + 0.03, base - 0.01), (HEEL - 0.002, base - 0.18), (HEEL + 0.05, collar + 0.005)],
        [(HEEL + 0.12, collar + 0.045), (HEEL + 0.14, base - 0.16), (HEEL + 0.2, base - 0.01)],
    )
    last.piece(tab, s.trim)
    cap = [(0.47, base), (0.49, base - 0.18), (0.63, base - 0.145), (TOE - 0.005, base)]
    last.piece(outline(cap), pale(s.trim))
    if s.has("high"):
        last.piece(ellipse(-0.38, collar + 0.24, 0.09, 0.07), pale(s.trim))
        last.piece(ellipse(-0.38, collar + 0.24, 0.05, 0.04), s.trim)
    seam = [(-0.42, base - 0.03), (-0.2, base - 0.2), (0.06, base - 0.27)]
    last.canvas.stitches(last.at(seam), s.seam)


def _laces(last: Last, front: Run) -> None:
    """Draw laces across the instep, with eyelets."""
    dark_shoe = brightness(last.leather) < 0.8
    colour = (248, 248, 246) if dark_shoe else darker(last.s.trim, 0.1)
    for x, y in along(front, 5, 0.08, 0.5).tolist():
        last.band(
            [(x - 0.14, y + 0.085), (x - 0.03, y + 0.03), (x + 0.035, y - 0.005)], colour, 0.032
        )
        last.piece(ellipse(x - 0.14, y + 0.09, 0.016, 0.012), darker(colour, 0.5), width=0.003)


def _rubber(last: Last, base: float, thick: float) -> None:
    """Draw the sole, rolled up at both ends on a runner."""
    shape = last.s.shape
    rubber = pale(last.s.trim) if shape["white-sole"] > 0.3 else last.s.trim
    roll = 0.05 if last.s.has("runner") else 0.0
    upper = [
        (HEEL - roll, base - 0.03),
        (-0.2, base + 0.01),
        (0.3, base),
        (TOE + 0.02, base - 0.045),
    ]
    toe = [upper[-1], (TOE + 0.045, base + thick * 0.5), (TOE - 0.03 - roll, GROUND - roll * 0.3)]
    heel = [(HEEL + 0.06, GROUND), (HEEL - 0.02 - roll, base + thick * 0.5), upper[0]]
    last.piece(outline(upper, toe, [toe[-1], (0.3, GROUND), heel[0]], heel), rubber)
    y = base + thick * 0.55
    line = last.at([(HEEL, y), (0, y + 0.02), (TOE + 0.03, y - 0.01)])
    last.canvas.line(line, darker(rubber, 0.25), 0.012)
    last.fold([(HEEL, GROUND), (0, GROUND + 0.01), (TOE, GROUND)], -0.2, 0.04)


def _boot(last: Last) -> None:
    """Draw a boot: shaft from ankle to knee, flat or heeled."""
    s, shape = last.s, last.s.shape
    heel, shaft = shape["heel"], shape["shaft"]
    sole = foot(heel)
    top = GROUND - heel - 0.48 - 0.8 * shaft
    ankle = GROUND - heel - 0.36
    calf = 0.07 * shaft
    back = [
        sole[0] + (0.0, -0.02),
        sole[0] + (-0.055, -0.15),
        (HEEL + 0.06, ankle),
        (HEEL + 0.03 - calf, top + 0.2 * shaft),
        (HEEL + 0.05, top),
    ]
    rim = [back[-1], (HEEL + 0.26, top + 0.03), (-0.15 + calf * 0.5, top - 0.01)]
    instep = [
        rim[-1],
        (-0.15 + calf, top + 0.3 * shaft),
        (-0.13, ankle - 0.02),
        (0.12, GROUND - 0.3 - heel * 0.3),
        (0.42, GROUND - 0.225),
        (0.65, GROUND - 0.18),
        (TOE + 0.01, GROUND - 0.05),
    ]
    put_heel(last, sole, heel, max(0.35, shape["block"]), darker(last.leather, 0.35))
    mouth = [back[-1], (HEEL + 0.27, top - 0.035), rim[-1]]
    last.piece(outline(mouth, rim[::-1]), s.inside)
    bottom = spline([*sole[:4], instep[-1]])
    last.piece(outline(back, rim, instep, bottom[::-1]), s.cloth)
    depth = 0.075 if s.has("lug") else 0.03
    rubber = (52, 46, 42) if s.has("lug") else darker(last.leather, 0.5)
    last.piece(np.concatenate([bottom, moved(bottom, 0.008, depth)[::-1]]), rubber)
    _fastening(last, top, ankle, instep)
    last.fold([(-0.52, ankle + 0.03), (-0.32, ankle + 0.08), (-0.1, ankle + 0.01)], -0.25, 0.05)
    last.fold([(-0.5, ankle - 0.1), (-0.3, ankle - 0.06), (-0.16, ankle - 0.11)], -0.18, 0.04)
    last.fold([(-0.32, top + 0.06), (-0.3, (top + ankle) / 2), (-0.26, ankle)], 0.25, 0.1)
    lit_toe(last)


def _fastening(last: Last, top: float, ankle: float, instep: Run) -> None:
    """Draw laces, elastic at the side or a zip; perhaps a buckled strap as well."""
    s, c = last.s, last.canvas
    if s.has("laces"):
        for x, y in along(instep, 9, 0.03, 0.58).tolist():
            last.band([(x - 0.12, y + 0.035), (x + 0.02, y)], pale(s.cloth.colour), 0.026)
    elif s.has("elastic"):
        gore = np.array(
            [(-0.53, top + 0.03), (-0.31, top + 0.03), (-0.35, ankle + 0.1), (-0.45, ankle + 0.1)]
        )
        last.piece(gore, Cloth(darker(last.leather, 0.3), "rib"))
    else:
        zip_line = [(-0.4, top + 0.03), (-0.38, ankle), (-0.34, ankle + 0.2)]
        c.line(last.at(zip_line), darker(last.leather, 0.5), 0.02)
        c.stitches(last.at(zip_line), BRASS, 0.02, 0.012)
    if s.has("buckle"):
        last.band(
            [(HEEL + 0.03, ankle), (-0.4, ankle + 0.06), (-0.1, ankle)],
            contrast(last.leather, 0.25),
            0.06,
        )
        x, y = -0.4, ankle + 0.055
        last.piece(box(x - 0.05, y - 0.04, x + 0.05, y + 0.04, 0.012), BRASS)
        last.piece(box(x - 0.025, y - 0.02, x + 0.025, y + 0.02), last.leather, width=0.004)


sneaker = pair_of(_sneaker)
boot = pair_of(_boot)
