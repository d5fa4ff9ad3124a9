"""Facts about a product's appearance: single words against which its texts are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from demo.catalogue.appearance import Appearance

# Fact → phrases of shops for it.
FEATURES: Mapping[str, tuple[str, ...]] = {
    "long-sleeved": ("long sleeves", "full-length sleeves"),
    "short-sleeved": ("short sleeves", "cap sleeves"),
    "sleeveless": ("a sleeveless cut", "wide-cut armholes"),
    "vee": ("a V-neck", "a V-neckline"),
    "strapless": ("a sweetheart neckline", "a strapless neckline"),
    "pocket": ("a patch pocket", "pockets"),
    "pockets": ("front pockets", "two patch pockets"),
    "print": ("a screen-printed graphic", "a print at the chest"),
    "tipped": ("a contrast collar", "a tipped collar"),
    "emblem": ("an embroidered emblem",),
    "panel": ("contrast side panels",),
    "piping": ("contrast piping",),
    "raglan": ("raglan sleeves", "raglan seams"),
    "pleats": ("knife pleats", "all-over pleats"),
    "buttons": ("a button front",),
    "ripped": ("ripped knees", "distressed details"),
    "open": ("an open front",),
    "puff": ("puff sleeves", "gathered sleeves"),
    "sash": ("a tie waist", "a self-tie sash"),
    "slit": ("a thigh-high slit", "a side slit"),
    "tiers": ("a tiered skirt",),
    "train": ("a short train",),
    "brooch": ("a crystal brooch at the waist",),
    "bow": ("a bow",),
    "two-tone": ("a two-tone design", "color-block trim"),
    "pompom": ("a fluffy pompom",),
    "metal-frame": ("a metal frame",),
    "layered": ("two layered strands",),
    "pendant": ("a pendant",),
    "chronograph": ("three sub-dials",),
    "bracelet": ("a bracelet strap",),
    "flap": ("a flap front",),
    "chain": ("a chain strap",),
    "fringe": ("fringe trim",),
    "charm": ("a hanging charm",),
    "ankle-strap": ("an ankle strap",),
    "ankle": ("a buckled ankle strap",),
    "wedge": ("a wedge heel",),
    "cork": ("cork details",),
    "runner": ("three stripes of contrast trim",),
    "elastic": ("elastic gores",),
    "buckle": ("a buckled strap",),
    "lug": ("a lug sole",),
    "laces": ("a lace-up front",),
    "stripes": ("stripes all over", "yarn-dyed stripes"),
    "floral": ("a floral print", "scattered blooms"),
    "dots": ("polka dots",),
    "checks": ("gingham checks",),
    "plaid": ("a plaid pattern",),
    "cable": ("chunky cables", "cable-knit texture"),
    "rib": ("fine ribbing",),
    "sequins": ("all-over sequins",),
    "animal": ("an animal print",),
}
HEELS = {"heeled": 0.16, "high-heeled": 0.4}  # smallest height
# Largest length:
SLEEVES = {"sleeveless": 0.05, "short-sleeved": 0.6, "long-sleeved": 9.0}
LENGTHS = {"mini": 0.36, "midi": 0.78, "long": 9.0}


def facts_of(look: Appearance, material: str = "") -> frozenset[str]:
    """Return kind, colour, pattern, features and the words of the material.

    A measure of more than 0.5 is a fact of its own name.
    """
    shape = look.shape
    facts = {measure for measure, value in shape.items() if value > 0.5}
    facts |= {look.kind, look.colour, look.pattern, *material.replace("/", " ").split()}
    if "pocket" in facts:
        facts.discard("print")  # a tee has only one of the two
    if "elastic" in facts and "laces" in facts:
        facts.discard("elastic")  # so does a boot
    facts |= {fact for fact, least in HEELS.items() if shape.get("heel", 0.0) >= least}
    if "heeled" not in facts:
        facts.discard("wedge")
    if "sleeve" in shape:
        facts.add(_first_below(shape["sleeve"], SLEEVES))
    if look.kind == "dress":
        facts.add(_first_below(shape["length"], LENGTHS))
        if shape["straps"] < 0.28:
            facts -= {"vee", "puff", "short-sleeved", "long-sleeved"}
            facts |= {"strapless", "sleeveless"}
    return frozenset(facts)


def _first_below(value: float, limits: Mapping[str, float]) -> str:
    return next(name for name, limit in limits.items() if value < limit)


def fitting(phrases: Sequence[str], facts: frozenset[str]) -> list[str]:
    """Return the phrases whose conditions hold, as in "Chelsea Boots?elastic&!laces"."""
    true_phrases = []
    for phrase in phrases:
        text, _, conditions = phrase.partition("?")
        needs = conditions.split("&") if conditions else []
        if all((need.lstrip("!") in facts) != need.startswith("!") for need in needs):
            true_phrases.append(text)
    return true_phrases
