"""The parts that tops, knits, coats and dresses share: body, sleeves, neck, collar, buttons."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from demo.drawing.canvas import Subject
from demo.drawing.curves import Points, box, ellipse, moved, outline, ribbon, span, symmetric
from demo.drawing.palette import WHITE, Colour, darker, lighter, mix
from demo.drawing.patterns import Cloth

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """The measures of a bodice's right half, in box units; y grows downwards."""

    top: float  # y where the neck meets the shoulder
    bottom: float  # y of the hem at the side
    neck: float  # half width
    depth: float  # of the neckline, below top
    vee: bool  # whether the neckline is pointed
    shoulder: float  # half width
    chest: float
    waist: float
    hem: float
    dip: float = 0.03  # how much lower the hem lies in the middle

    @property
    def neckline(self) -> list[Point]:
        """Return the neckline from the middle to the shoulder."""
        low = self.top + self.depth
        if self.vee:
            return [(0.0, low), (self.neck, self.top)]
        return [(0.0, low), (self.neck * 0.62, low - self.depth * 0.3), (self.neck, self.top)]

    @property
    def neck_edge(self) -> Points:
        """Return the neckline from shoulder to shoulder."""
        return span(self.neckline, corner=self.vee)

    @property
    def shoulder_tip(self) -> Point:
        """Return the upper end of the armhole."""
        return (self.shoulder, self.top + 0.02 + (self.shoulder - self.neck) * 0.36)

    @property
    def armpit(self) -> Point:
        """Return the lower end of the armhole."""
        return (self.chest, self.top + 0.36)

    @property
    def armhole_edge(self) -> list[Point]:
        """Return the armhole from the shoulder's tip to the armpit."""
        tip, pit = self.shoulder_tip, self.armpit
        return [tip, (min(tip[0], pit[0]) - 0.035, (tip[1] + pit[1]) / 2 + 0.04), pit]

    @property
    def waist_y(self) -> float:
        """Return the y of the waist."""
        return self.armpit[1] + (self.bottom - self.armpit[1]) * 0.45

    @property
    def side(self) -> list[Point]:
        """Return the side seam from the armpit to the hem."""
        return [self.armpit, (self.waist, self.waist_y), (self.hem, self.bottom)]

    @property
    def body(self) -> Points:
        """Return the outline of the front."""
        low = self.bottom + self.dip
        hem = [(self.hem, self.bottom), (self.hem / 2, low - self.dip * 0.2), (0.0, low)]
        shoulder = [(self.neck, self.top), self.shoulder_tip]
        return symmetric(self.neckline, shoulder, self.armhole_edge, self.side, hem)


def cut_of(s: Subject) -> Cut:
    """Return the measures of a top's bodice."""
    shape, top = s.shape, -0.78
    chest, neck = 0.42 * shape["width"], shape["neck"]
    sleeveless = neck + 0.05 + 0.09 * shape["strap"]
    return Cut(
        top=top,
        bottom=top + 1.42 * shape["length"],
        neck=neck,
        depth=shape["depth"],
        vee=s.has("vee"),
        shoulder=chest + 0.02 if shape["sleeve"] > 0.05 else sleeveless,
        chest=chest,
        waist=chest * shape["waist"],
        hem=chest * (shape["waist"] * 0.35 + 0.68),
    )


def back_of_neck(s: Subject, cut: Cut) -> None:
    """Draw the inside of the back, seen through the neckline, with a label."""
    curve = [(0.0, cut.top + 0.012), (cut.neck * 0.6, cut.top + 0.01), (cut.neck, cut.top)]
    s.canvas.piece(symmetric(curve, cut.neckline[::-1]), s.inside)
    if cut.depth > 0.1:
        label = box(-0.045, cut.top + 0.05, 0.045, cut.top + 0.085)
        s.canvas.piece(label, lighter(s.inside, 0.75), width=0.004)


def sleeves(
    s: Subject,
    cut: Cut,
    length: float,
    cuff: float,
    cloth: Cloth | Colour | None = None,
    puff: float = 0.0,
) -> Points:
    """Draw both sleeves; length from 0 to 1 (wrist), cuff the width there.

    Returns the right sleeve's end: its outer and its inner point.
    """
    tip, pit = np.array(cut.shoulder_tip), np.array(cut.armpit)
    angle = math.radians(52 - 36 * length)
    down = np.array([math.sin(angle), math.cos(angle)])
    out = np.array([down[1], -down[0]])
    reach = 0.16 + 1.06 * length
    end = tip + down * reach + out * 0.02
    inner = end - out * cuff
    outer_run = [tip - out * 0.01, tip + down * reach * 0.3 + out * (0.035 + puff), end]
    elbow = pit * 0.45 + inner * 0.55 - out * puff * 0.3
    under = [pit, np.array([tip[0] - 0.08, pit[1] - 0.02]), np.array([tip[0] - 0.1, tip[1]])]
    right = outline(outer_run, [end, inner], [inner, elbow, pit], under)
    s.canvas.both(right, s.cloth if cloth is None else cloth, grain=-angle)
    bend = tip * 0.4 + pit * 0.3 + inner * 0.3
    crease = np.array([pit, bend, tip + down * reach * 0.62 - out * cuff * 0.4])
    for sign in (-1, 1):
        s.canvas.fold(crease * (sign, 1), -0.2, 0.05)
    return np.array([end, inner])


def cuffs(s: Subject, end: Points, cloth: Cloth | Colour, depth: float) -> None:
    """Draw bands of the given depth along the ends of both sleeves."""
    across = end[1] - end[0]
    along = across / float(np.hypot(*across))
    up = np.array([-along[1], along[0]]) * (-1 if along[0] > 0 else 1)
    outer, inner = end[0] - along * 0.012, end[1] + along * 0.012
    band = np.array([outer, inner, inner + up * depth, outer + up * depth])
    s.canvas.both(band, cloth, grain=math.atan2(up[0], -up[1]))


def sleeve_hems(s: Subject, end: Points, rise: float = 0.04) -> None:
    """Draw a sewn line above the ends of both sleeves."""
    for sign in (-1, 1):
        s.canvas.line((end + np.array([0, -rise])) * (sign, 1), s.seam, 0.007)


def neckband(s: Subject, cut: Cut, colour: Colour, width: float = 0.05) -> None:
    """Draw a ribbed band along the neckline."""
    line = moved(cut.neck_edge * (0.98, 1), 0, width * 0.35)
    s.canvas.piece(ribbon(line, width), colour)


def collar(s: Subject, cut: Cut, colour: Colour, spread: float, drop: float) -> None:
    """Draw a folded collar: its stand and two points, `spread` apart and `drop` deep."""
    neck, top, low = cut.neck, cut.top, cut.top + cut.depth
    back = [(0.0, top - 0.055), (neck * 0.7, top - 0.06), (neck + 0.015, top + 0.01)]
    s.canvas.piece(symmetric(back, [back[-1], (0, top + 0.06)]), darker(colour, 0.2))
    fold, corner = (neck * 0.72, top - 0.065), (neck + 0.045, top + 0.03)
    point = (neck * 0.55 + spread * 0.45, top + drop)
    inner = [(0.0, low), (neck * 0.55, top + cut.depth * 0.35), fold]
    s.canvas.both(outline([fold, corner], [corner, point], [point, inner[0]], inner), colour)


def buttons(s: Subject, at: Iterable[Point], radius: float = 0.022) -> None:
    """Draw buttons with a glint at the given points."""
    glint = mix(s.trim, WHITE, 0.6)
    for x, y in at:
        s.canvas.piece(ellipse(x, y, radius), s.trim, darker(s.trim, 0.45), 0.007)
        spot = ellipse(x - radius * 0.25, y - radius * 0.3, radius * 0.35)
        s.canvas.piece(spot, glint, glint, 0.002)


def rows(x: float, top: float, bottom: float, count: int) -> list[Point]:
    """Return evenly spaced points, one above the other."""
    return [(x, y) for y in np.linspace(top, bottom, count).tolist()]


def body_folds(s: Subject, cut: Cut, strength: float = 0.17) -> None:
    """Lay soft creases from the armpits and above the hem, and light on the chest."""
    c, (x, y) = s.canvas, cut.armpit
    for sign in (-1, 1):
        jitter = s.rng.uniform(-0.05, 0.05)
        upper = [(x * 0.95, y), (x * 0.7, y + 0.12), (x * 0.5, y + 0.3 + jitter)]
        lower = [(x * 0.55 + jitter, cut.bottom - 0.02), (x * 0.5, cut.bottom - 0.25)]
        c.fold(np.array(upper) * (sign, 1), -strength, 0.05)
        c.fold(np.array([*lower, (x * 0.62, cut.waist_y)]) * (sign, 1), -strength, 0.05)
        c.glow(sign * x * 0.45, y + 0.06, 0.11, 0.16, strength * 0.55)
    waist = [(-cut.waist * 0.9, cut.waist_y + 0.03), (-0.1, cut.waist_y + 0.09)]
    c.fold([*waist, (0.1, cut.waist_y + 0.05)], -strength * 0.6, 0.04)


def hem_seam(s: Subject, cut: Cut, up: float = 0.05) -> None:
    """Draw a sewn line above the hem."""
    y = cut.bottom - up
    s.canvas.line(span([(0, y + cut.dip), (cut.hem - 0.012, y)]), s.seam, 0.007)
