"""The random appearance of a product in numbers, from which its text and its picture are made.

Both have the same source, so that a "striped, long sleeves" text has such a picture.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from demo.catalogue.measures import KINDS, LEAF_LOOKS, Measure
from demo.catalogue.random_streams import pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """Everything that a picture depends on."""

    kind: str  # of drawing
    colour: str
    trim: str  # the second colour: collars, soles, stones, dials
    pattern: str
    seed: int  # of details that no text mentions: background, pose, folds
    shape: Mapping[str, float] = field(hash=False)


# Names in capitals stand for lists that several kinds share.
_SHARED = {
    "CLOTHES": "black*4 white*3 navy*3 grey*2 ivory*2 red blush sky olive teal burgundy charcoal "
    "coral emerald lavender mustard camel cobalt sage mint plum rust lemon",
    "DENIM": "indigo*4 mid-wash*4 rinse*3 light-wash*2 black*2 white grey",
    "KNITS": "ivory*3 grey*3 camel*3 black*2 navy*2 burgundy*2 sage charcoal blush mustard rust "
    "beige olive",
    "LEATHERS": "black*5 tan*3 cognac*3 chocolate*2 navy taupe red blush beige burgundy white",
    "BRIGHT": "black*4 white*2 grey*2 navy*2 coral fuchsia cobalt teal mint lemon lavender red",
    "GOWNS": "black*4 navy*2 red*2 burgundy*2 emerald*2 plum blush silver gold cobalt fuchsia "
    "ivory teal",
}

# Kind, or leaf where it differs: colours / second colours / patterns, with their weights.
_PALETTES = """
jeans: DENIM / tan / plain
shorts: BRIGHT / BRIGHT / plain*5 colour-block chevron
skirt: CLOTHES / gold*2 chocolate white / plain*5 plaid*2 floral checks dots animal stripes
tee: CLOTHES / BRIGHT / plain*6 stripes*4 dots floral
polo: CLOTHES / white*3 navy*2 red lemon / plain*6 stripes*3 dots
shirt: CLOTHES / white*4 ivory chocolate / plain*4 checks*2 plaid*2 pinstripes*2 floral*2 dots
sports-top: BRIGHT / BRIGHT / plain*6 colour-block*2 chevron stripes
cardigan: KNITS / chocolate*2 gold black ivory / knit*3 cable*2 rib*2 plain*2 stripes
turtleneck: KNITS / ivory / knit*3 cable*3 rib*3 plain stripes
trench: beige*5 camel*3 navy*2 black*2 olive red taupe / chocolate*3 gold black / plain*9 plaid
dress: CLOTHES / black*2 red gold navy ivory / plain*4 floral*4 dots*2 stripes*2 checks animal
cocktail-dresses: GOWNS / black*2 gold silver / plain*6 sequins*2 floral*2 dots animal
evening-dresses: GOWNS / gold silver black / plain*8 sequins*3 floral
hat: camel*3 black*3 ivory*3 beige*2 grey navy olive / black*3 navy ivory / plain*6 stripes plaid
cap: CLOTHES / white*2 red navy black / plain*9 checks
beanie: KNITS / ivory*2 grey black / rib*3 cable*2 knit*2 stripes
sunglasses: black*5 tortoise*4 navy red white blush / black*3 cognac*2 sage navy / plain*5 animal
necklace: gold*4 silver*4 rose-gold*2 / teal*2 emerald*2 cobalt*2 red coral plum black / plain
watch: black*4 cognac*3 chocolate*2 navy blush red / white*4 ivory*2 navy*2 black*2 / plain*8 animal
tote: LEATHERS / chocolate*2 navy cognac black / plain*7 stripes checks floral animal
shoulder-bag: LEATHERS / gold*2 black cognac / plain*9 animal checks
backpack: BRIGHT olive*2 cognac / cognac*3 black tan / plain*6 floral dots animal
pump: LEATHERS / black*2 red gold / plain*8 animal dots
sandal: LEATHERS / tan*2 black gold / plain*9 animal
sneaker: white*5 black*3 grey*2 navy*2 red blush sky olive / BRIGHT / plain*8 floral animal
boot: LEATHERS / black*2 cognac / plain*14 animal
"""
# Colours that take an animal print.
_FURS = {"beige", "camel", "tan", "cognac", "taupe", "ivory", "white", "grey", "tortoise"}


def _weights(names: str) -> dict[str, float]:
    parts = " ".join(_SHARED.get(name, name) for name in names.split()).split()
    return {name: float(weight or 1) for name, _, weight in (part.partition("*") for part in parts)}


_CHOICES = {
    key: tuple(_weights(names) for names in palette.split("/"))
    for key, _, palette in (line.partition(": ") for line in _PALETTES.strip().split("\n"))
}


def _measured(rng: random.Random, measure: Measure) -> float:
    if isinstance(measure, tuple):
        mean, spread = measure
        return mean + spread * max(-2.0, min(2.0, rng.gauss(0, 1)))
    return float(rng.random() < measure)


def appearance_of(leaf: str, rng: random.Random) -> Appearance:
    """Return a random appearance of a product of a leaf."""
    options = LEAF_LOOKS[leaf]
    _, kind, own = options[pick(rng, {i: option[0] for i, option in enumerate(options)})]
    shape = {key: _measured(rng, measure) for key, measure in {**KINDS[kind], **own}.items()}
    if shape.get("vee", 0.0) > 0.5:
        shape["depth"] += 0.12  # a pointed neckline is deeper than a round one
    colours, trims, patterns = _CHOICES.get(leaf, _CHOICES[kind])
    colour = pick(rng, colours)
    trim = pick(rng, {name: weight for name, weight in trims.items() if name != colour} or trims)
    pattern = pick(rng, patterns)
    if pattern == "animal" and colour not in _FURS:
        pattern = "plain"
    return Appearance(
        kind=kind,
        colour=colour,
        trim=trim,
        pattern=pattern,
        seed=rng.getrandbits(32),
        shape=shape,
    )


def other_colour(leaf: str, look: Appearance, rng: random.Random) -> str:
    """Return a random other colour in which the same product might be sold."""
    colours = _CHOICES.get(leaf, _CHOICES[look.kind])[0]
    return pick(rng, {name: weight for name, weight in colours.items() if name != look.colour})
