"""Backgrounds of product pictures: white, gradients, paper, walls, wood, linen; and shadows."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.drawing.palette import Colour, darker, lighter, mix

Size = tuple[int, int]

PAPERS: tuple[Colour, ...] = (
    (226, 214, 204), (214, 222, 226), (232, 216, 214), (216, 222, 208), (232, 226, 206),
    (206, 208, 222), (190, 204, 206), (224, 198, 182), (238, 224, 196), (200, 196, 190),
)  # fmt: skip
WOODS: tuple[Colour, ...] = ((196, 160, 120), (222, 200, 172), (150, 112, 82), (206, 202, 196))


def _white(size: Size, rng: random.Random) -> Image.Image:
    level = rng.randint(247, 255)
    return Image.new("RGB", size, (level, level, level))


def _gradient(size: Size, rng: random.Random) -> Image.Image:
    """Draw studio paper, lit from above or in the middle."""
    ramp = Image.linear_gradient("L") if rng.random() < 0.6 else Image.radial_gradient("L")
    paper = rng.choice(PAPERS) if rng.random() < 0.5 else (228, 228, 230)
    near, far = lighter(paper, 0.75), darker(paper, 0.06)
    return _toned(ramp.resize(size), near, far)


def _paper(size: Size, rng: random.Random) -> Image.Image:
    paper = rng.choice(PAPERS)
    return _toned(Image.linear_gradient("L").resize(size), lighter(paper, 0.12), paper)


def _wall(size: Size, rng: random.Random) -> Image.Image:
    """Draw a wall above a floor."""
    paper = rng.choice(PAPERS)
    scene = Image.new("RGB", size, lighter(paper, 0.45))
    level = round(size[1] * rng.uniform(0.68, 0.8))
    floor = Image.linear_gradient("L").resize((size[0], size[1] - level))
    scene.paste(_toned(floor, darker(paper, 0.1), lighter(paper, 0.2)), (0, level))
    return scene


def _wood(size: Size, rng: random.Random) -> Image.Image:
    """Draw floor boards with grain, seen from above."""
    wood = rng.choice(WOODS)
    scene = Image.new("RGB", size, wood)
    draw = ImageDraw.Draw(scene)
    boards, (width, height) = rng.randint(4, 6), size
    board = width / boards
    for i in range(boards):
        x0, x1 = i * board, (i + 1) * board
        tone = mix(wood, darker(wood), rng.uniform(0, 0.35))
        draw.rectangle((x0, 0, x1, height), fill=tone)
        for _ in range(9):
            x, bend = rng.uniform(x0, x1), rng.uniform(-0.04, 0.04) * board
            line = [(x, 0), (x + bend, height * rng.uniform(0.2, 0.8)), (x, height)]
            draw.line(line, fill=darker(tone, rng.uniform(0.04, 0.14)))
        draw.line((x0, 0, x0, height), fill=darker(wood, 0.45), width=max(1, width // 250))
        joint = rng.uniform(0, height)
        draw.line((x0, joint, x1, joint), fill=darker(wood, 0.4))
    return scene


def _linen(size: Size, rng: random.Random) -> Image.Image:
    """Draw linen: noise stretched along both threads."""
    paper = mix(rng.choice(PAPERS), (236, 232, 226), 0.6)
    noise = np.random.Generator(np.random.PCG64(rng.getrandbits(32)))
    rows = Image.fromarray(noise.integers(0, 256, (size[1], 1), dtype=np.uint8)).resize(size)
    columns = Image.fromarray(noise.integers(0, 256, (1, size[0]), dtype=np.uint8)).resize(size)
    return _toned(Image.blend(rows, columns, 0.5), lighter(paper, 0.35), darker(paper, 0.05))


BACKDROPS: dict[str, Callable[[Size, random.Random], Image.Image]] = {
    "white": _white,
    "gradient": _gradient,
    "paper": _paper,
    "wall": _wall,
    "wood": _wood,
    "linen": _linen,
}


def _toned(ramp: Image.Image, first: Colour, last: Colour) -> Image.Image:
    """Return a grey ramp, 0 to 255, coloured from one tone to another."""
    bands = []
    for low, high in zip(first, last, strict=True):
        bands.append(ramp.point([round(low + (high - low) * i / 255) for i in range(256)]))
    return Image.merge("RGB", bands)


def with_shadow(scene: Image.Image, cover: Image.Image, unit: float, standing: bool) -> Image.Image:
    """Return the scene with the shadow of a subject that lies on it or stands in it.

    cover: the subject's opacity at the scene's size; unit: pixels per box unit.
    """
    area = cover.getbbox()
    if area is None:
        return scene
    shadow = Image.new("L", scene.size, 0)
    if standing:
        x0, _, x1, y1 = area
        low = unit * 0.06
        inset = (x1 - x0) * 0.04
        ImageDraw.Draw(shadow).ellipse((x0 + inset, y1 - low, x1 - inset, y1 + low * 0.7), fill=255)
        shadow = shadow.filter(ImageFilter.GaussianBlur(unit * 0.035))
    else:
        shift = round(unit * 0.045)
        shadow.paste(cover, (round(shift * 0.7), shift))
        shadow = shadow.filter(ImageFilter.BoxBlur(unit * 0.045))
    dimmed = shadow.point([255 - round(level * 0.35) for level in range(256)])
    return ImageChops.multiply(scene, Image.merge("RGB", (dimmed, dimmed, dimmed)))
