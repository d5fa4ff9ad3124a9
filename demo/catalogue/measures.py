"""The shapes of each leaf's products: the tables that make leaves differ, and overlap.

A measure is (mean, standard deviation) of a normal distribution that is cut at two standard
deviations; a bare number is the probability of a feature. Bootcut and flare jeans, day and
cocktail dresses, tote and shoulder bags overlap on purpose, as in real catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping

Measure = tuple[float, float] | float
Measures = Mapping[str, Measure]

_TOP: Measures = {
    "width": (1.0, 0.06), "length": (1.0, 0.06), "waist": (0.94, 0.04), "neck": (0.175, 0.018),
    "depth": (0.14, 0.03), "vee": 0.0, "strap": (0.8, 0.2), "sleeve": (0.2, 0.05),
    "cuff": (0.24, 0.015), "pocket": 0.0,
}  # fmt: skip
_LONG: Measures = {"sleeve": (0.94, 0.05), "cuff": (0.155, 0.012)}
_BAG: Measures = {
    "width": (1.0, 0.1), "height": (1.0, 0.1), "drop": (0.5, 0.08), "soft": (0.5, 0.25),
    "metal": (0.5, 0.25),
}  # fmt: skip
_SHOE: Measures = {"pair": (0.75, 0.35), "heel": (0.42, 0.07), "block": 0.3}

# Default measures of each kind of drawing.
KINDS: Mapping[str, Measures] = {
    "jeans": {
        "hem": (0.185, 0.02), "knee": (0.13, 0.008), "rise": (0.62, 0.05), "length": (1.2, 0.05),
        "fade": (0.4, 0.3), "ripped": 0.1,
    },
    "shorts": {
        "length": (0.22, 0.07), "hem": (0.06, 0.04), "panel": 0.5, "piping": 0.5, "band": 0.4,
    },
    "skirt": {
        "hem": (0.6, 0.1), "length": (0.98, 0.1), "pleats": 0.3, "buttons": 0.2, "pockets": 0.2,
    },
    "tee": {**_TOP, "print": 0.25, "pocket": 0.25, "vee": 0.25},
    "polo": {**_TOP, "placket": (0.6, 0.3), "tipped": 0.35, "emblem": 0.4},
    "shirt": {**_TOP, **_LONG, "depth": (0.11, 0.015), "tail": (0.8, 0.3), "pocket": 0.4},
    "sports-top": {**_TOP, "panel": 0.5, "raglan": 0.5, "waist": (0.9, 0.04)},
    "cardigan": {
        **_TOP, **_LONG, "depth": (0.45, 0.09), "waist": (0.98, 0.04), "open": 0.25, "pocket": 0.35,
        "length": (1.04, 0.1),
    },
    "turtleneck": {**_TOP, **_LONG, "waist": (0.98, 0.04), "collar": (0.25, 0.035)},
    "trench": {
        "width": (1.0, 0.05), "length": (1.62, 0.16), "hem": (0.16, 0.06), "sleeve": (0.97, 0.02),
        "cuff": (0.19, 0.015),
    },
    "dress": {
        "straps": (0.7, 0.2), "neck": (0.155, 0.02), "depth": (0.18, 0.06), "vee": 0.35,
        "sleeve": 0.0, "puff": 0.0, "cuff": (0.16, 0.015), "length": (0.5, 0.1),
        "fullness": (0.45, 0.2), "mermaid": 0.0, "train": 0.0, "sash": 0.2, "slit": 0.0,
        "tiers": 0.0, "shirt": 0.0, "brooch": 0.0,
    },
    "hat": {
        "brim": (0.5, 0.2), "crown": (0.5, 0.2), "dent": 0.5, "droop": (0.4, 0.25),
        "band": (0.5, 0.25), "bow": 0.25,
    },
    "cap": {"crown": (0.5, 0.25), "two-tone": 0.45},
    "beanie": {
        "crown": (0.5, 0.25), "band": (0.5, 0.25), "pompom": 0.45, "two-tone": 0.2,
        "label": 0.3,
    },
    "sunglasses": {
        "width": (1.0, 0.06), "height": (0.98, 0.09), "thick": (0.45, 0.2), "cat": (0.3, 0.3),
        "square": (0.5, 0.25), "drop": (0.15, 0.15), "open": (0.5, 0.25), "metal-frame": 0.3,
        "double-bridge": 0.15,
    },
    "necklace": {
        "wide": (0.5, 0.2), "length": (0.55, 0.2), "beads": 0.3, "pearls": 0.5,
        "weight": (0.25, 0.15), "pendant": 0.86, "motif": (0.5, 0.24), "size": (0.5, 0.25),
        "layered": 0.2, "bust": 0.3,
    },
    "watch": {
        "dial": (0.5, 0.25), "band": (0.5, 0.25), "metal": (0.5, 0.24), "square": 0.2,
        "bracelet": 0.35, "chronograph": 0.25,
    },
    "tote": {**_BAG, "flare": (0.4, 0.3), "two-tone": 0.25, "charm": 0.15, "pocket": 0.15},
    "shoulder-bag": {
        **_BAG, "height": (0.68, 0.07), "drop": (0.72, 0.1), "round": (0.4, 0.25), "flap": 0.55,
        "chain": 0.25, "fringe": 0.06,
    },
    "backpack": {
        **_BAG, "height": (1.24, 0.06), "round": (0.4, 0.25), "flap": 0.4, "two-tone": 0.25,
        "pocket-height": (0.42, 0.04),
    },
    "pump": {
        **_SHOE, "pointed": (0.5, 0.25), "vamp": (0.5, 0.25), "bow": 0.15, "ankle-strap": 0.12,
    },
    "sandal": {
        **_SHOE, "heel": (0.22, 0.16), "straps": (0.5, 0.25), "strap-width": (0.11, 0.03),
        "platform": (0.3, 0.25), "wedge": 0.35, "cork": 0.5, "ankle": 0.7, "tee-bar": 0.25,
    },
    "sneaker": {
        **_SHOE, "sole": (0.4, 0.25), "high": (0.15, 0.15), "runner": 0.4, "white-sole": (0.7, 0.3),
    },
    "boot": {
        **_SHOE, "heel": (0.2, 0.08), "block": 0.7, "shaft": (0.3, 0.2), "laces": 0.25,
        "elastic": 0.3, "buckle": 0.2, "lug": 0.3,
    },
}  # fmt: skip

# Leaf → the kinds of drawing that its products show: (weight, kind, its own measures).
LEAF_LOOKS: Mapping[str, tuple[tuple[float, str, Measures], ...]] = {
    "bootcut-jeans": ((1, "jeans", {"hem": (0.182, 0.026)}),),
    "flare-jeans": ((1, "jeans", {"hem": (0.236, 0.036), "knee": (0.125, 0.008)}),),
    "skinny-jeans": ((1, "jeans", {"hem": (0.112, 0.018), "knee": (0.115, 0.008), "ripped": 0.3}),),
    "day-dresses": (
        (3, "dress", {"sleeve": (0.25, 0.08), "puff": 0.4, "tiers": 0.3, "length": (0.5, 0.14)}),
        (2, "dress", {"shirt": 0.7, "sleeve": (0.5, 0.2), "sash": 0.5}),
        (3, "dress", {"length": (0.5, 0.13), "tiers": 0.15}),
    ),
    "cocktail-dresses": (
        (4, "dress", {"length": (0.3, 0.09), "straps": (0.45, 0.22), "brooch": 0.3}),
        (2, "dress", {"length": (0.35, 0.09), "sleeve": (0.3, 0.15), "fullness": (0.3, 0.2)}),
        (1, "dress", {"length": (0.65, 0.12), "fullness": (0.2, 0.1), "straps": (0.45, 0.22)}),
    ),
    "evening-dresses": (
        (3, "dress", {"length": (0.95, 0.06), "straps": (0.4, 0.2), "slit": 0.4, "brooch": 0.2}),
        (1, "dress", {
            "length": (0.97, 0.03), "mermaid": 1.0, "train": 0.5, "fullness": (0.4, 0.1),
        }),
        (1, "dress", {"length": (0.7, 0.12), "fullness": (0.6, 0.2), "straps": (0.45, 0.2)}),
    ),
    "tees-and-tshirts": (
        (7, "tee", {}),
        (3, "tee", {**_LONG}),
        (1, "tee", {"sleeve": (0.08, 0.02), "cuff": (0.27, 0.01)}),
    ),
    "button-front-tops": (
        (5, "shirt", {}),
        (2, "shirt", {"sleeve": (0.24, 0.04), "cuff": (0.25, 0.012)}),
    ),
    "polo-tops": ((5, "polo", {}), (1, "polo", {**_LONG})),
    "athletic-tops": (
        (3, "sports-top", {"sleeve": 0.0, "neck": (0.2, 0.02), "depth": (0.27, 0.05)}),
        (3, "sports-top", {}),
        (1, "sports-top", {**_LONG}),
        (1, "polo", {"tipped": 0.6}),
        (1, "tee", {}),
    ),
    "athletic-shorts": ((1, "shorts", {}),),
    "petite-tops": (
        (3, "tee", {"length": (0.92, 0.05), "width": (0.94, 0.05)}),
        (2, "polo", {"length": (0.92, 0.05), "width": (0.94, 0.05)}),
        (2, "shirt", {"length": (0.92, 0.05), "width": (0.94, 0.05)}),
    ),
    "mini-skirts": ((1, "skirt", {"hem": (0.5, 0.05)}), (2, "skirt", {"hem": (0.68, 0.09)})),
    "cardigan-sweaters": ((1, "cardigan", {}),),
    "turleneck-sweaters": ((8, "turtleneck", {}), (1, "turtleneck", {"sleeve": (0.25, 0.04)})),
    "raincoats-and-trenchcoats": ((1, "trench", {}),),
    "hats": (
        (3, "hat", {}), (1, "hat", {"brim": (0.95, 0.1), "dent": 0.0}),
        (2, "cap", {}), (2, "beanie", {}),
    ),
    "sunglasses": (
        (3, "sunglasses", {}),
        (1, "sunglasses", {
            "drop": (0.9, 0.1), "metal-frame": 1.0, "double-bridge": 0.8,
            "thick": (0.1, 0.05),
        }),
        (1, "sunglasses", {"square": (0.05, 0.04), "cat": 0.0}),
    ),
    "necklaces": ((1, "necklace", {}),),
    "watches": ((1, "watch", {}),),
    "tote-bags": (
        (5, "tote", {}),
        (1, "tote", {"drop": (0.62, 0.06)}),
        (0.6, "shoulder-bag", {"flap": 0.0, "height": (0.85, 0.07), "round": (0.1, 0.1)}),
    ),
    "shoulder-bags": (
        (5, "shoulder-bag", {}),
        (1.2, "tote", {"height": (0.86, 0.09), "drop": (0.6, 0.07)}),
    ),
    "backpacks": ((1, "backpack", {}),),
    "pumps": ((5, "pump", {}), (1, "pump", {"heel": (0.2, 0.05), "block": 0.7})),
    "sandals": (
        (4, "sandal", {}), (2, "sandal", {"heel": (0.04, 0.02), "strap-width": (0.15, 0.04)}),
    ),
    "womens-sneakers": ((4, "sneaker", {}), (1, "sneaker", {"high": (0.85, 0.1), "runner": 0.0})),
    "boots": (
        (4, "boot", {}),
        (2, "boot", {"shaft": (0.9, 0.07), "heel": (0.28, 0.1), "laces": 0.0, "elastic": 0.0}),
        (1, "boot", {"heel": (0.07, 0.01), "lug": 1.0, "laces": 0.6}),
    ),
}  # fmt: skip
