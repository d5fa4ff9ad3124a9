"""The canvas: draws pieces of cloth, lines and soft light, given in box coordinates, as pixels.

Shapes are drawn at three times the size and reduced, which smooths their edges. Light and shadow
have a small map of their own, which is blurred and laid over the finished shapes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.drawing.backdrop import with_shadow
from demo.drawing.curves import Points, Run, along, ribbon, spline
from demo.drawing.palette import Colour, contrast, darker
from demo.drawing.patterns import Cloth, Sheet, paint

OVERSIZE = 3
NEUTRAL = 128  # the light level that leaves colours unchanged


@dataclass(frozen=True, slots=True)
class Pose:
    """The size, rotation and position of a subject in its picture."""

    scale: float = 1.0
    angle: float = 0.0  # radians
    x: float = 0.0  # of its middle, relative to that of the picture
    y: float = 0.0


@dataclass(slots=True, kw_only=True)
class Canvas:
    """The drawing of one subject, without its background."""

    size: tuple[int, int]  # pixels of the finished picture
    pose: Pose
    ground: Colour  # into which edges fade
    roughness: float = 0.0  # grain of the cloth, 0 to 1
    volume: float = 1.0  # strength of the shade at edges
    colour: Image.Image = field(init=False)
    cover: Image.Image = field(init=False)
    _light: Image.Image = field(init=False)
    _unit: float = field(init=False)

    def __post_init__(self) -> None:
        width, height = self.size
        large = (width * OVERSIZE, height * OVERSIZE)
        self.colour = Image.new("RGB", large, self.ground)
        self.cover = Image.new("L", large, 0)
        self._light = Image.new("L", (max(1, width // 2), max(1, height // 2)), NEUTRAL)
        self._unit = min(width / 2, height / 2.5)

    def piece(
        self,
        points: Points,
        cloth: Cloth | Colour,
        edge: Colour | None = None,
        width: float = 0.011,
        grain: float = 0.0,
        opacity: int = 255,
    ) -> None:
        """Fill an outline with a colour or a cloth whose pattern is turned by `grain` radians."""
        where = self._pixels(points)
        flat = where.ravel().tolist()
        colour = cloth.colour if isinstance(cloth, Cloth) else cloth
        if isinstance(cloth, Cloth) and cloth.pattern != "plain":
            self._patterned(where, points, cloth, grain)
        else:
            ImageDraw.Draw(self.colour).polygon(flat, fill=colour)
        ImageDraw.Draw(self.cover).polygon(flat, fill=opacity)
        closed = np.concatenate([points, points[:1]])
        self._stroke(closed, darker(colour, 0.38) if edge is None else edge, width)

    def both(
        self,
        points: Points,
        cloth: Cloth | Colour,
        edge: Colour | None = None,
        width: float = 0.011,
        grain: float = 0.0,
    ) -> None:
        """Fill an outline and its mirror image."""
        for sign in (-1, 1):
            self.piece(points * (sign, 1), cloth, edge=edge, width=width, grain=sign * grain)

    def line(self, run: Run, colour: Colour, width: float = 0.01) -> None:
        """Draw a curve; only the parts on drawn pieces are visible."""
        self._stroke(spline(run), colour, width)

    def cord(self, run: Run, colour: Colour, width: float | Sequence[float]) -> None:
        """Draw a band along a curve, like a strap or a chain, as a piece of its own."""
        self.piece(ribbon(run, width), colour, width=0.006)

    def stitches(self, run: Run, colour: Colour, gap: float = 0.03, width: float = 0.008) -> None:
        """Draw a dashed seam along a curve."""
        line = spline(run)
        length = float(np.hypot(*np.diff(line, axis=0).T).sum())
        ends = self._pixels(along(line, 2 * max(2, round(length / gap)))).reshape(-1, 4).tolist()
        draw = ImageDraw.Draw(self.colour)
        pixels = max(1, round(width * self._large_unit()))
        for dash in ends:
            draw.line(dash, fill=colour, width=pixels)

    def shade(self, points: Points, amount: float) -> None:
        """Darken (amount below 0) or brighten (above) softly inside an outline; -1 to 1."""
        small = self._pixels(points) * (self._light.width / self.colour.width)
        level = NEUTRAL + round(amount * 127)
        ImageDraw.Draw(self._light).polygon(small.ravel().tolist(), fill=level)

    def glow(self, x: float, y: float, rx: float, ry: float, amount: float) -> None:
        """Brighten (or darken, amount below 0) an ellipse that fades out towards its rim."""
        share = self._light.width / self.colour.width
        centre = (self._pixels(np.array([(x, y)]))[0] * share).tolist()
        width, height = (max(1, round(r * 3 * self._large_unit() * share)) for r in (rx, ry))
        spot = _SPOT.resize((width, height), Image.Resampling.BILINEAR)
        corner = (round(centre[0] - width / 2), round(centre[1] - height / 2))
        self._light.paste(NEUTRAL + round(amount * 127), corner, spot)

    def fold(self, run: Run, amount: float = -0.2, width: float = 0.05) -> None:
        """Lay a soft crease along a curve, thin at both ends."""
        self.shade(ribbon(run, [0.008, width, 0.008]), amount)

    def finish(self, scene: Image.Image, standing: bool, floor: bool) -> Image.Image:
        """Return a scene of the finished size with the lit subject and its shadow.

        The subject is centred and then shifted by the pose; it stands low in a scene with a floor.
        """
        subject = self.colour.reduce(OVERSIZE)
        cover = self.cover.reduce(OVERSIZE)
        light = _light_of(cover, self._light, self._unit, self.volume)
        if self.roughness:
            light = ImageChops.add(light, _grain(self.size, self.roughness), 1, -NEUTRAL)
        lit = ImageChops.hard_light(subject, Image.merge("RGB", (light, light, light)))
        shift = self._centring(cover, floor)
        lit, cover = ImageChops.offset(lit, *shift), ImageChops.offset(cover, *shift)
        scene = with_shadow(scene, cover, self._unit, standing)
        return Image.composite(lit, scene, cover)

    def _centring(self, cover: Image.Image, floor: bool) -> tuple[int, int]:
        """Return the shift of the subject in pixels."""
        x0, y0, x1, y1 = cover.getbbox() or (0, 0, *self.size)
        width, height = self.size
        x = width / 2 + self.pose.x * self._unit - (x0 + x1) / 2
        y = height / 2 + self.pose.y * self._unit - (y0 + y1) / 2
        if floor:
            y = max(y, height * 0.86 - y1)
        return round(max(-x0, min(x, width - x1))), round(max(-y0, min(y, height - y1)))

    def _stroke(self, points: Points, colour: Colour, width: float) -> None:
        flat = self._pixels(points).ravel().tolist()
        pixels = max(1, round(width * self._large_unit()))
        ImageDraw.Draw(self.colour).line(flat, fill=colour, width=pixels, joint="curve")

    def _large_unit(self) -> float:
        return self._unit * OVERSIZE * self.pose.scale

    def _pixels(self, points: Points) -> Points:
        c, s = math.cos(self.pose.angle), math.sin(self.pose.angle)
        matrix = np.array([(c, s), (-s, c)]) * self._large_unit()
        pixels: Points = points @ matrix + np.array(self.colour.size) / 2
        return pixels

    def _patterned(self, where: Points, points: Points, cloth: Cloth, grain: float) -> None:
        """Paint a cloth on a separate sheet and paste it through the outline."""
        low = np.maximum(np.floor(where.min(axis=0)), 0)
        high = np.minimum(np.ceil(where.max(axis=0)) + 1, self.colour.size)
        width, height = (high - low).astype(int).tolist()
        if width < 1 or height < 1:
            return
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        sheet = Sheet(
            Image.new("RGB", (width, height), cloth.colour),
            origin=self._pixels(middle[None])[0] - low,
            unit=self._large_unit(),
            angle=self.pose.angle + grain,
            reach=float(np.hypot(*(points.max(axis=0) - points.min(axis=0)))) / 2,
        )
        paint(sheet, cloth)
        stencil = Image.new("L", (width, height), 0)
        ImageDraw.Draw(stencil).polygon((where - low).ravel().tolist(), fill=255)
        self.colour.paste(sheet.image, (int(low[0]), int(low[1])), stencil)


def _spot() -> Image.Image:
    """Return a disc that fades from 255 in the middle to 0 at the rim."""
    ramp = Image.radial_gradient("L").resize((64, 64))
    return ramp.point([max(0, 255 - round(level * 1.42)) for level in range(256)])


_SPOT = _spot()


def _light_of(cover: Image.Image, strokes: Image.Image, unit: float, volume: float) -> Image.Image:
    """Return the light map: shade at edges, most at the lower right, and the strokes."""
    small = cover.resize(strokes.size, Image.Resampling.BILINEAR)
    radius = unit * 0.045
    soft = ImageChops.offset(small.filter(ImageFilter.BoxBlur(radius)), -round(radius * 0.5))
    table = [NEUTRAL + round(max(-110, level - 238) * 0.3 * volume) for level in range(256)]
    strokes = strokes.filter(ImageFilter.GaussianBlur(unit * 0.011))
    light = ImageChops.add(soft.point(table), strokes, 1, -NEUTRAL)
    return light.resize(cover.size, Image.Resampling.BILINEAR)


def _grain(size: tuple[int, int], roughness: float) -> Image.Image:
    """Return fine noise around NEUTRAL, always the same for one size."""
    noise = np.random.Generator(np.random.PCG64(7)).integers(0, 256, size[::-1], dtype=np.uint8)
    table = [NEUTRAL + round((level - 128) * 0.12 * roughness) for level in range(256)]
    return Image.fromarray(noise).point(table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A product to draw; shape has the measures of its Appearance."""

    canvas: Canvas
    cloth: Cloth
    trim: Colour  # second colour: collars, straps, soles
    shape: Mapping[str, float]
    rng: random.Random  # for details that no text mentions: folds, sparkle

    @property
    def seam(self) -> Colour:
        """Return the colour of seams and hems, visible on the cloth."""
        return contrast(self.cloth.colour, 0.3)

    @property
    def inside(self) -> Colour:
        """Return the colour of the cloth's shaded inner side."""
        return darker(self.cloth.colour, 0.45)

    def has(self, feature: str) -> bool:
        """Return whether a feature of the shape, given from 0 to 1, exceeds 0.5."""
        return self.shape.get(feature, 0.0) > 0.5
