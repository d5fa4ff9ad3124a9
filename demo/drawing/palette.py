"""Colours by the names that shops use, so that a 'navy' text has a navy picture."""

from __future__ import annotations

Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "black": (38, 37, 41),
    "charcoal": (74, 76, 82),
    "grey": (146, 148, 152),
    "white": (246, 245, 242),
    "ivory": (240, 233, 217),
    "beige": (215, 196, 166),
    "camel": (190, 145, 92),
    "taupe": (151, 132, 116),
    "chocolate": (88, 58, 44),
    "navy": (37, 48, 84),
    "cobalt": (43, 84, 172),
    "sky": (140, 186, 222),
    "teal": (28, 117, 122),
    "sage": (152, 170, 142),
    "olive": (104, 107, 66),
    "emerald": (20, 118, 84),
    "mint": (172, 218, 198),
    "mustard": (212, 164, 50),
    "lemon": (243, 222, 118),
    "rust": (177, 86, 47),
    "coral": (236, 120, 104),
    "red": (192, 40, 48),
    "burgundy": (112, 30, 50),
    "blush": (234, 192, 187),
    "fuchsia": (203, 50, 122),
    "lavender": (184, 170, 212),
    "plum": (92, 52, 92),
    "cognac": (156, 89, 46),
    "tan": (196, 150, 104),
    "rinse": (38, 50, 82),
    "indigo": (52, 74, 118),
    "mid-wash": (88, 120, 164),
    "light-wash": (150, 178, 208),
    "tortoise": (104, 66, 36),
    "gold": (212, 172, 88),
    "silver": (190, 194, 200),
    "rose-gold": (214, 160, 140),
}
WHITE: Colour = (255, 255, 255)
THREAD: Colour = (206, 146, 74)  # the stitching of jeans


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return a mix of two colours: the given share of the way from a to b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """Return a colour moved towards black."""
    return mix(colour, (12, 10, 16), share)


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    """Return a colour moved towards white."""
    return mix(colour, WHITE, share)


def brightness(colour: Colour) -> float:
    """Return the perceived brightness of a colour: 0 black, 1 white."""
    return (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]) / 255


def contrast(colour: Colour, share: float = 0.3) -> Colour:
    """Return a tone that contrasts with a colour: lighter on dark, darker on light."""
    return lighter(colour, share * 0.6) if brightness(colour) < 0.36 else darker(colour, share)
