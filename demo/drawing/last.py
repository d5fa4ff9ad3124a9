"""The shoemaker's last: the position of both shoes of a pair, their sole line and their heel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from demo.drawing.canvas import Canvas, Subject
from demo.drawing.curves import Points, Run, box, outline, ribbon, spline
from demo.drawing.palette import Colour, brightness, darker, lighter
from demo.drawing.patterns import Cloth

GROUND = 0.5  # y on which shoes stand
TOE, HEEL = 0.74, -0.7  # x of both ends; toes point right
BRASS: Colour = (212, 172, 88)


@dataclass(frozen=True, slots=True)
class Last:
    """One shoe of a pair and its position; shoemakers build a shoe around its last."""

    s: Subject
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0

    def at(self, points: Run) -> Points:
        """Return points of the shoe in box coordinates."""
        stretch = (0.84 * self.scale, 1.14 * self.scale)
        placed: Points = np.asarray(points, dtype=np.float64) * stretch + (self.x, self.y)
        return placed

    def piece(self, points: Run, cloth: Cloth | Colour, width: float = 0.011) -> None:
        """Fill an outline given in the shoe's own coordinates."""
        self.canvas.piece(self.at(points), cloth, width=width)

    def band(self, run: Run, cloth: Cloth | Colour, width: float | list[float]) -> None:
        """Draw a strap along a curve."""
        self.canvas.piece(ribbon(self.at(spline(run)), width), cloth, width=0.007)

    def fold(self, run: Run, amount: float, width: float) -> None:
        """Lay a soft crease or shine along a curve."""
        self.canvas.fold(self.at(run), amount, width)

    @property
    def canvas(self) -> Canvas:
        """Return the canvas of the shoe."""
        return self.s.canvas

    @property
    def leather(self) -> Colour:
        """Return the colour of the shoe's main material."""
        return self.s.cloth.colour


def pair_of(draw: Callable[[Last], None]) -> Callable[[Subject], None]:
    """Return a function that draws a pair of shoes, or one, from a function that draws one."""

    def pair(s: Subject) -> None:
        apart = s.shape["pair"]
        tall = s.shape.get("shaft", 0.0)  # boots need room above
        scale, y = 1 - 0.36 * tall, 0.3 * tall
        if apart > 0.3:
            shaded = replace(s.cloth, colour=darker(s.cloth.colour, 0.14))
            far = replace(s, cloth=shaded, trim=darker(s.trim, 0.12))
            draw(Last(far, 0.02 + 0.14 * apart, y - 0.06 - 0.16 * apart, scale))
        draw(Last(s, -0.04, y + 0.06, scale))

    return pair


def foot(heel: float) -> Points:
    """Return five points along the sole from heel to toe; heel: its height."""
    return np.array(
        [
            (HEEL + 0.06, GROUND - heel),
            (-0.38, GROUND - heel * 0.88),
            (0.02, GROUND - heel * 0.34),
            (0.36, GROUND - 0.025),
            (TOE, GROUND - 0.035),
        ]
    )


def put_heel(last: Last, sole: Points, height: float, block: float, colour: Colour) -> None:
    """Draw a heel below the back of the sole: stiletto (block 0), block (1), or a flat slab."""
    if height < 0.08:
        slab = outline(
            sole[:2], [sole[1], (sole[1, 0], GROUND)], [(sole[0, 0] + 0.01, GROUND), sole[0]]
        )
        last.piece(slab, darker(colour, 0.3))
        return
    x, y = sole[0].tolist()
    tip = 0.025 + 0.11 * block
    reach = min(1.0, height / 0.3)
    back = [(x - 0.045, y - 0.02), (x - 0.005, y + height * 0.5), (x + 0.01, GROUND)]
    front = [
        (x + 0.01 + tip * 2, GROUND),
        (x + 0.07 * reach + tip * 1.5, y + height * 0.45),
        (x + 0.07 + (0.19 + 0.08 * block) * reach, y + 0.012 + height * 0.06),
    ]
    last.piece(outline(back, front), colour)
    last.piece(
        box(x, GROUND - 0.018, x + 0.01 + tip * 2, GROUND + 0.008), (44, 38, 36), width=0.004
    )


def lit_toe(last: Last, amount: float = 0.3) -> None:
    """Lay a shine on a rounded toe."""
    last.fold([(0.40, GROUND - 0.19), (0.54, GROUND - 0.16), (0.68, GROUND - 0.1)], amount, 0.06)


def pale(colour: Colour) -> Colour:
    """Return a pale tint of a colour for rubber or cotton; beside white it is grey."""
    return lighter(colour, 0.86) if brightness(colour) < 0.9 else (224, 222, 218)
