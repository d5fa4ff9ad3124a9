"""The picture of a product: the choice of drawing, cloth, pose and background."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PIL import Image

from demo.catalogue.appearance import Appearance
from demo.catalogue.products import DemoProduct
from demo.catalogue.random_streams import pick, stream
from demo.drawing.backdrop import BACKDROPS
from demo.drawing.bags import backpack, shoulder_bag, tote
from demo.drawing.boots_and_sneakers import boot, sneaker
from demo.drawing.bottoms import jeans, shorts, skirt
from demo.drawing.canvas import Canvas, Pose, Subject
from demo.drawing.coats import trench
from demo.drawing.dresses import dress
from demo.drawing.hats import beanie, brimmed_hat, cap
from demo.drawing.knits import cardigan, turtleneck
from demo.drawing.necklaces import necklace
from demo.drawing.palette import COLOURS, Colour, brightness, darker, lighter, mix
from demo.drawing.patterns import Cloth
from demo.drawing.shoes import pump, sandal
from demo.drawing.sunglasses import sunglasses
from demo.drawing.tops import polo, shirt, sports_top, tee
from demo.drawing.watches import watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """The drawing function of a kind of product, and the settings of its photograph."""

    draw: Callable[[Subject], None]
    scale: float = 1.0
    lean: float = 0.05  # largest rotation, in radians
    grain: float = 0.4  # of the cloth, 0 to 1
    volume: float = 1.0  # 0 flat, 1 rounded
    stands: bool = False  # on a floor, instead of lying on it
    gauge: tuple[float, float] = (0.08, 0.16)  # range of the distance between a pattern's repeats


STAGINGS: Mapping[str, Staging] = {
    "jeans": Staging(draw=jeans, scale=0.98, grain=0.9),
    "shorts": Staging(draw=shorts, scale=1.1),
    "skirt": Staging(draw=skirt, scale=1.2),
    "tee": Staging(draw=tee, scale=1.12, lean=0.09),
    "polo": Staging(draw=polo, scale=1.12, lean=0.09),
    "shirt": Staging(draw=shirt, scale=1.06, lean=0.07),
    "sports-top": Staging(draw=sports_top, scale=1.12, lean=0.09),
    "cardigan": Staging(draw=cardigan, scale=1.04, grain=0.6),
    "turtleneck": Staging(draw=turtleneck, scale=1.04, grain=0.6),
    "trench": Staging(draw=trench, scale=1.02),
    "dress": Staging(draw=dress, scale=1.05, gauge=(0.07, 0.14)),
    "hat": Staging(draw=brimmed_hat, scale=1.1, lean=0.12, gauge=(0.05, 0.09)),
    "cap": Staging(draw=cap, scale=1.0, lean=0.12, gauge=(0.06, 0.1)),
    "beanie": Staging(draw=beanie, scale=1.2, lean=0.1, grain=0.6),
    "sunglasses": Staging(draw=sunglasses, scale=1.05, lean=0.2, grain=0.0, gauge=(0.07, 0.1)),
    "necklace": Staging(draw=necklace, scale=1.06, lean=0.03, grain=0.0, volume=0.3),
    "watch": Staging(draw=watch, scale=0.95, lean=0.3, grain=0.1, volume=0.6),
    "tote": Staging(draw=tote, scale=1.06, lean=0.02, grain=0.15, stands=True),
    "shoulder-bag": Staging(draw=shoulder_bag, scale=1.08, lean=0.02, grain=0.15, stands=True),
    "backpack": Staging(draw=backpack, scale=1.08, lean=0.03, grain=0.3, stands=True),
    "pump": Staging(draw=pump, scale=1.18, lean=0.03, grain=0.05, stands=True, gauge=(0.05, 0.08)),
    "sandal": Staging(
        draw=sandal, scale=1.18, lean=0.03, grain=0.1, stands=True, gauge=(0.05, 0.08)
    ),
    "sneaker": Staging(draw=sneaker, scale=1.16, lean=0.03, grain=0.2, stands=True),
    "boot": Staging(draw=boot, scale=1.12, lean=0.03, grain=0.15, stands=True, gauge=(0.06, 0.1)),
}
_LYING = {"white": 40, "gradient": 22, "paper": 14, "linen": 12, "wood": 12}
_STANDING = {"white": 44, "gradient": 22, "paper": 12, "wall": 22}


def draw(product: DemoProduct, size: tuple[int, int] = (328, 410)) -> Image.Image:
    """Return a product's picture, RGB, always the same for one product and size."""
    return draw_appearance(product.appearance, size)


def draw_appearance(look: Appearance, size: tuple[int, int] = (328, 410)) -> Image.Image:
    """Return a picture of an appearance, RGB."""
    staging = STAGINGS[look.kind]
    rng = stream("picture", look.seed)
    colour, trim = COLOURS[look.colour], COLOURS[look.trim]
    pose = Pose(
        scale=staging.scale * rng.uniform(0.84, 1.04),
        angle=rng.uniform(-1, 1) * staging.lean,
        x=rng.uniform(-0.09, 0.09),
        y=rng.uniform(-0.07, 0.07),
    )
    cloth = Cloth(
        colour=colour,
        pattern=look.pattern,
        accent=_accent(colour, rng),
        gauge=rng.uniform(*staging.gauge),
        seed=look.seed,
    )
    canvas = Canvas(
        size=size,
        pose=pose,
        ground=darker(colour),
        roughness=staging.grain,
        volume=staging.volume,
    )
    backdrop = pick(rng, _STANDING if staging.stands else _LYING)
    scene = BACKDROPS[backdrop](size, rng)
    staging.draw(Subject(canvas=canvas, cloth=cloth, trim=trim, shape=look.shape, rng=rng))
    return canvas.finish(scene, standing=staging.stands, floor=backdrop == "wall")


def _accent(colour: Colour, rng: random.Random) -> Colour:
    """Return a second colour for a pattern that contrasts with the first."""
    light, dark = rng.choice(_LIGHT), rng.choice(_DARK)
    bold = rng.choice(_BOLD)
    if rng.random() < 0.45 and sum(abs(a - b) for a, b in zip(bold, colour, strict=True)) > 190:
        return bold
    other = dark if brightness(colour) > 0.55 else light
    return mix(other, lighter(colour, 0.5), 0.12)


_LIGHT = tuple(COLOURS[name] for name in ("white", "ivory", "sky", "blush", "lemon", "grey"))
_DARK = tuple(
    COLOURS[name] for name in ("black", "navy", "cobalt", "burgundy", "teal", "chocolate")
)
_BOLD = tuple(COLOURS[name] for name in ("red", "coral", "fuchsia", "mustard", "emerald", "cobalt"))
