"""Patterns of cloth: stripes, dots, checks, flowers and knits that fill a sheet."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from demo.drawing.curves import Points, turned
from demo.drawing.palette import Colour, contrast, darker, lighter, mix


@dataclass(frozen=True, slots=True)
class Cloth:
    """A material: its colour, the pattern on it, and the pattern's second colour and size."""

    colour: Colour
    pattern: str = "plain"
    accent: Colour = (255, 255, 255)
    gauge: float = 0.1  # distance between repeats, in box units
    seed: int = 0


@dataclass(slots=True)
class Sheet:
    """A rectangle of pixels to fill with a pattern, in box units around its own middle."""

    image: Image.Image
    origin: Points  # pixels of its middle
    unit: float  # pixels per box unit
    angle: float  # radians by which the pattern is turned
    reach: float  # half of the diagonal to fill, in box units

    def pixels(self, points: Points) -> Points:
        """Return points of the pattern as pixels of the image."""
        return turned(points, self.angle) * self.unit + self.origin

    def polygons(self, shapes: Points, colour: Colour) -> None:
        """Fill polygons given as an array of shape (n, corners, 2)."""
        draw = ImageDraw.Draw(self.image)
        flat = self.pixels(shapes.reshape(-1, 2)).reshape(len(shapes), -1)
        for polygon in flat.tolist():
            draw.polygon(polygon, fill=colour)

    def discs(self, centres: Points, radius: float, colour: Colour) -> None:
        """Fill discs around centres given as an array of shape (n, 2)."""
        draw = ImageDraw.Draw(self.image)
        r = radius * self.unit
        for x, y in self.pixels(centres).tolist():
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def lines(self, runs: Points, colour: Colour, width: float) -> None:
        """Draw open lines given as an array of shape (n, points, 2)."""
        draw = ImageDraw.Draw(self.image)
        flat = self.pixels(runs.reshape(-1, 2)).reshape(len(runs), -1)
        pixels = max(1, round(width * self.unit))
        for run in flat.tolist():
            draw.line(run, fill=colour, width=pixels)


def paint(sheet: Sheet, cloth: Cloth) -> None:
    """Fill a sheet, already of the cloth's colour, with the cloth's pattern."""
    PATTERNS[cloth.pattern](sheet, cloth)


def _bands(sheet: Sheet, gap: float, width: float, upright: bool, shift: float = 0.0) -> Points:
    """Return rectangles of the given width at every gap across the sheet."""
    r = sheet.reach
    at = np.arange(-r, r + gap, gap) + shift
    a, b = at - width / 2, at + width / 2
    ends = np.full_like(at, r)
    corners = [(a, -ends), (b, -ends), (b, ends), (a, ends)]
    if not upright:
        corners = [(y, x) for x, y in corners]
    return np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)


def _grid(sheet: Sheet, gap: float, staggered: bool = True) -> Points:
    """Return the points of a grid over the sheet, every other row shifted by half a gap."""
    steps = np.arange(-sheet.reach, sheet.reach + gap, gap)
    x, y = np.meshgrid(steps, steps)
    if staggered:
        x = x + (np.arange(len(steps)) % 2)[:, None] * gap / 2
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _stripes(sheet: Sheet, cloth: Cloth) -> None:
    sheet.polygons(_bands(sheet, cloth.gauge, cloth.gauge * 0.42, upright=False), cloth.accent)


def _pinstripes(sheet: Sheet, cloth: Cloth) -> None:
    sheet.polygons(_bands(sheet, cloth.gauge, cloth.gauge * 0.2, upright=True), cloth.accent)


def _dots(sheet: Sheet, cloth: Cloth) -> None:
    sheet.discs(_grid(sheet, cloth.gauge), cloth.gauge * 0.24, cloth.accent)


def _checks(sheet: Sheet, cloth: Cloth) -> None:
    """Weave gingham: the crossings of two half-tones are the darkest."""
    half = mix(cloth.colour, cloth.accent, 0.5)
    gap = cloth.gauge
    sheet.polygons(_bands(sheet, gap, gap / 2, upright=True), half)
    sheet.polygons(_bands(sheet, gap, gap / 2, upright=False), half)
    x = _grid(sheet, gap, staggered=False)
    q = gap / 4
    corners = np.array([(-q, -q), (q, -q), (q, q), (-q, q)])
    sheet.polygons(x[:, None, :] + corners, cloth.accent)


def _plaid(sheet: Sheet, cloth: Cloth) -> None:
    """Weave wide soft bands and thin bright lines."""
    gap = cloth.gauge * 2.2
    soft = mix(cloth.colour, contrast(cloth.colour, 0.5), 0.45)
    for upright in (False, True):
        sheet.polygons(_bands(sheet, gap, gap * 0.3, upright), soft)
    for upright in (False, True):
        sheet.polygons(_bands(sheet, gap, gap * 0.05, upright, gap / 2), cloth.accent)


def _floral(sheet: Sheet, cloth: Cloth) -> None:
    """Scatter five-petalled flowers in two tones, with leaves between them."""
    rng = random.Random(cloth.seed)
    gap = cloth.gauge * 1.7
    spots = _grid(sheet, gap)
    spots = spots + np.array([(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in spots]) * gap * 0.2
    leaf = mix(darker(cloth.colour, 0.2), (70, 120, 70), 0.6)
    tips = np.array([(-0.5, 0), (0, -0.2), (0.5, 0), (0, 0.2)]) * gap * 0.7
    turns = [turned(tips, rng.uniform(0, 3.1)) for _ in spots]
    sheet.polygons(spots[:, None, :] + gap * 0.3 + np.array(turns), leaf)
    angles = np.arange(5) * 2 * np.pi / 5
    petals = np.stack([np.cos(angles), np.sin(angles)], axis=1) * gap * 0.17
    tones = (cloth.accent, mix(cloth.accent, lighter(cloth.colour, 0.6), 0.45))
    for tone, part in zip(tones, (spots[::2], spots[1::2]), strict=True):
        sheet.discs((part[:, None, :] + petals).reshape(-1, 2), gap * 0.13, tone)
        sheet.discs(part, gap * 0.09, mix((244, 206, 92), darker(tone), 0.25))


def _zigzag(sheet: Sheet, gap: float, height: float) -> Points:
    """Return zigzag lines across the sheet, one per gap."""
    r = sheet.reach
    x = np.arange(-r, r + gap, gap / 2)
    wave = (np.arange(len(x)) % 2) * height
    rows = np.arange(-r, r + gap, gap)
    return np.stack([np.stack([x, wave + row], axis=1) for row in rows])


def _chevron(sheet: Sheet, cloth: Cloth) -> None:
    sheet.lines(_zigzag(sheet, cloth.gauge * 1.4, cloth.gauge * 0.6), cloth.accent, 0.028)


def _rib(sheet: Sheet, cloth: Cloth) -> None:
    tone = contrast(cloth.colour, 0.2)
    sheet.polygons(_bands(sheet, 0.042, 0.013, upright=True), tone)


def _knit(sheet: Sheet, cloth: Cloth) -> None:
    """Knit rows of small V stitches."""
    gap = 0.062
    tone = contrast(cloth.colour, 0.18)
    rows = _zigzag(sheet, gap, gap * 0.5)
    sheet.lines(rows, tone, 0.012)


def _cable(sheet: Sheet, cloth: Cloth) -> None:
    """Knit ribs with twisted cables between them."""
    tone = contrast(cloth.colour, 0.24)
    r = sheet.reach
    y = np.arange(-r, r, 0.03)
    wave = np.sin(y * 2 * np.pi / 0.24) * 0.045
    cables = []
    for x in np.arange(-r, r, 0.26):
        cables += [np.stack([x + wave, y], axis=1), np.stack([x - wave, y], axis=1)]
    sheet.lines(np.stack(cables), tone, 0.018)
    sheet.polygons(_bands(sheet, 0.26, 0.012, True, 0.09), tone)
    sheet.polygons(_bands(sheet, 0.26, 0.012, True, -0.09), tone)


def _sequins(sheet: Sheet, cloth: Cloth) -> None:
    """Sew on rows of small discs of which some catch the light."""
    rng = random.Random(cloth.seed)
    spots = _grid(sheet, 0.06)
    sheet.discs(spots, 0.023, lighter(cloth.colour, 0.16))
    bright = np.array([spot for spot in spots if rng.random() < 0.22])
    sheet.discs(bright, 0.017, lighter(cloth.colour, 0.6))


def _colour_block(sheet: Sheet, cloth: Cloth) -> None:
    r = sheet.reach
    sheet.polygons(np.array([[(-r, 0.0), (r, 0.0), (r, r), (-r, r)]]), cloth.accent)


def _animal(sheet: Sheet, cloth: Cloth) -> None:
    """Print leopard spots: dark rings around a warm middle."""
    rng = random.Random(cloth.seed)
    gap = cloth.gauge * 0.8
    spots = _grid(sheet, gap)
    spots = spots + np.array([(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in spots]) * gap * 0.2
    dark = contrast(cloth.colour, 0.75)
    sheet.discs(spots, gap * 0.3, dark)
    sheet.discs(spots + gap * 0.06, gap * 0.19, mix(cloth.colour, dark, 0.25))


def _plain(sheet: Sheet, cloth: Cloth) -> None:
    """Leave the sheet plain."""


PATTERNS: dict[str, Callable[[Sheet, Cloth], None]] = {
    "plain": _plain,
    "stripes": _stripes,
    "pinstripes": _pinstripes,
    "dots": _dots,
    "checks": _checks,
    "plaid": _plaid,
    "floral": _floral,
    "chevron": _chevron,
    "rib": _rib,
    "knit": _knit,
    "cable": _cable,
    "sequins": _sequins,
    "colour-block": _colour_block,
    "animal": _animal,
}
