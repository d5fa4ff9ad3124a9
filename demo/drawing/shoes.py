"""Pumps and sandals, seen from the side."""

from __future__ import annotations

import numpy as np

from demo.drawing.curves import Points, box, ellipse, moved, outline, spline
from demo.drawing.last import BRASS, GROUND, HEEL, TOE, Last, foot, lit_toe, pair_of, put_heel
from demo.drawing.palette import Colour, darker, mix
from demo.drawing.patterns import Cloth

NUDE: Colour = (222, 192, 156)  # linings and footbeds


def _pump(last: Last) -> None:
    """Draw a court shoe: closed toe, open instep, a heel of any height."""
    s, shape = last.s, last.s.shape
    heel, tip = shape["heel"], TOE + 0.12 * shape["pointed"]
    sole = foot(heel)
    y = sole[0, 1]
    back_top = (HEEL + 0.045, y - 0.32)
    vamp = (0.36 - 0.12 * shape["vamp"], GROUND - 0.225)
    mouth = [
        back_top,
        (HEEL + 0.24, y - 0.19),
        (-0.12, (y + GROUND) / 2 - 0.15 - heel * 0.12),
        (0.16, GROUND - 0.17 - heel * 0.05),
        vamp,
    ]
    inner = [vamp, (0.0, sole[2, 1] - 0.28), (HEEL + 0.27, y - 0.31), (HEEL + 0.06, y - 0.325)]
    toe = [vamp, (0.54, GROUND - 0.19), (tip - 0.07, GROUND - 0.15 + 0.05 * shape["pointed"])]
    toe.append((tip, GROUND - 0.045))
    base = [(tip, GROUND - 0.045), (0.36, GROUND - 0.02)]
    body = outline(mouth, toe, base, sole[3::-1], [sole[0], (HEEL, y - 0.15), back_top])
    put_heel(last, sole, heel, shape["block"], darker(last.leather, 0.12))
    last.piece(outline(mouth, inner), NUDE)
    last.piece(body, s.cloth)
    last.canvas.line(
        last.at(spline([*sole[:4], (tip, GROUND - 0.04)])), darker(last.leather, 0.5), 0.022
    )
    lit_toe(last, 0.4)
    last.fold([(HEEL + 0.07, y - 0.24), (HEEL + 0.08, y - 0.08)], 0.3, 0.05)
    last.fold(
        [(-0.45, sole[1, 1] - 0.05), (0.0, sole[2, 1] - 0.06), (0.4, GROUND - 0.05)], -0.2, 0.06
    )
    if s.has("bow"):
        _bow(last, vamp[0] + 0.05, vamp[1])
    if s.has("ankle-strap"):
        _ankle(last, HEEL + 0.26, y - 0.37)


def _bow(last: Last, x: float, y: float) -> None:
    for sign in (-1, 1):
        loop = [(x, y), (x + sign * 0.11, y - 0.06), (x + sign * 0.12, y + 0.04), (x, y)]
        last.piece(outline(loop), last.s.trim)
    last.piece(ellipse(x, y, 0.03), last.s.trim)


def _ankle(last: Last, x: float, y: float, far: bool = True, near: bool = True) -> None:
    """Draw a buckled strap about the ankle: its far half, its near half, or both."""
    rim = ellipse(x, y, 0.235, 0.065, -0.12)
    half = len(rim) // 2
    if far:
        last.band(np.vstack([rim[half - 2 :], rim[:2]]), darker(last.leather, 0.35), 0.035)
    if near:
        last.band(np.vstack([rim[-2:], rim[: half + 2]]), last.leather, 0.042)
        bx, by = rim[half // 2 - 3].tolist()
        last.piece(box(bx - 0.035, by - 0.03, bx + 0.035, by + 0.03, 0.01), BRASS, width=0.006)
        last.piece(box(bx - 0.016, by - 0.014, bx + 0.016, by + 0.014), last.leather, width=0.003)


def _sandal(last: Last) -> None:
    """Draw a sandal: a footbed seen from a little above, straps over it; flat, wedge or heel."""
    s, shape = last.s, last.s.shape
    heel = shape["heel"]
    sole = foot(heel)
    bed = spline(sole)
    share = np.linspace(0, 1, len(bed))
    depth = 0.045 + 0.075 * np.sin(np.pi * np.clip(share * 1.02, 0, 1)) ** 0.7
    far_edge = bed - np.stack([-0.03 * np.cos(np.pi * share), depth], axis=1)
    under = (196, 150, 104) if s.has("cork") else darker(last.leather, 0.3)
    if s.has("wedge") and heel > 0.1:
        body = outline(
            bed, [(TOE - 0.02, GROUND + 0.05), (0.1, GROUND + 0.03), (HEEL + 0.1, GROUND + 0.03)]
        )
        rope = Cloth((210, 180, 136), "stripes", (176, 142, 98), 0.05)
        last.piece(body, rope if s.has("cork") else darker(last.leather, 0.2))
    else:
        put_heel(last, sole, heel, shape["block"], under)
    crossings = np.linspace(0.30, 0.56, 1 + round(shape["straps"] * 2)).tolist()
    ankle = (HEEL + 0.28, sole[0, 1] - 0.36)
    thick = 0.05 + 0.09 * shape["platform"]
    last.piece(np.concatenate([bed, (moved(bed, 0, thick))[::-1]]), under)
    last.piece(np.concatenate([bed, far_edge[::-1]]), mix(NUDE, last.leather, 0.25))
    width = shape["strap-width"]
    tall = 0.2 + 0.05 * (1 - shape["straps"])
    for x in crossings:
        _strap(last, bed, far_edge, x=x, tall=tall, width=width, near=False)
    if s.has("ankle"):
        _ankle(last, *ankle, near=False)
        rise = [
            sole[0] + (0.02, -0.01),
            sole[0] + (-0.03, -0.18),
            (ankle[0] - 0.215, ankle[1] + 0.03),
        ]
        last.band(rise, s.cloth, [0.17, 0.1, 0.05])
    if s.has("tee-bar"):
        down = [
            (ankle[0] + 0.2, ankle[1] + 0.04),
            (0.04, sole[2, 1] - 0.27),
            (0.27, GROUND - tall - 0.02),
        ]
        last.band(down, s.cloth, 0.05)
    for x in crossings:
        _strap(last, bed, far_edge, x=x, tall=tall, width=width, near=True)
    if s.has("ankle"):
        _ankle(last, *ankle, far=False)
    last.fold(moved(bed, 0, thick * 0.6), -0.2, 0.03)


def _strap(
    last: Last, bed: Points, far_edge: Points, x: float, tall: float, width: float, near: bool
) -> None:
    """Draw half of a strap over the foot, from its crest to the far or the near edge."""
    y = float(np.interp(x, bed[:, 0], bed[:, 1]))
    behind = float(np.interp(x, far_edge[:, 0], far_edge[:, 1]))
    crest = (x - 0.055, y - tall)
    if near:
        last.band([(x + 0.01, y + 0.015), (x + 0.0, y - tall * 0.55), crest], last.s.cloth, width)
    else:
        end = (x + 0.06, behind)
        run = [(crest[0] - 0.01, crest[1] + 0.01), (x + 0.03, y - tall * 0.86), end]
        last.band(run, darker(last.leather, 0.4), width * 0.9)


pump = pair_of(_pump)
sandal = pair_of(_sandal)
