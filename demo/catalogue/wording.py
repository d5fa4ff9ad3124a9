"""Names and descriptions as shops write them: partly precise, partly vague, at times misleading."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from demo.catalogue.appearance import Appearance
from demo.catalogue.phrases import (
    ADJECTIVES,
    BOILERPLATE,
    CARE,
    COMPANIONS,
    MODELS,
    OPENERS,
    STYLINGS,
    TITLES,
)
from demo.catalogue.random_streams import pick, some
from demo.catalogue.true_facts import FEATURES, facts_of, fitting
from demo.catalogue.vocabulary import VOCABULARY, Words

EXACT_IN_NAME = 0.85  # how often a type word says exactly what the product is
EXACT_IN_TEXT = 0.66
PATTERN_NAMES = {
    "stripes": "Striped", "dots": "Polka-Dot", "checks": "Gingham", "plaid": "Plaid",
    "floral": "Floral", "chevron": "Chevron", "pinstripes": "Pinstripe", "sequins": "Sequin",
    "animal": "Leopard", "colour-block": "Color-Block", "cable": "Cable-Knit", "rib": "Ribbed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """The text of one product."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brief:
    """The facts and the random generator for one text."""

    words: Sequence[Words]  # of the product's leaves
    look: Appearance
    facts: frozenset[str]
    material: str
    brand: str | None
    retailer: str
    rng: random.Random

    def word(self, exact: float) -> str:
        """Return a random type word, precise with probability `exact`."""
        words = self.rng.choice(self.words)
        choices = words.exact if self.rng.random() < exact else words.loose
        return self.rng.choice(fitting(choices, self.facts))

    def features(self, most: int) -> list[str]:
        """Return phrases for up to `most` features that the picture shows."""
        visible = sorted(fact for fact in self.facts if fact in FEATURES)
        return [self.rng.choice(FEATURES[fact]) for fact in some(self.rng, visible, most)]


def write(
    leaves: Sequence[str], look: Appearance, brand: str | None, retailer: str, rng: random.Random
) -> Copy:
    """Return a random name and description of a product of the given leaves."""
    words = [VOCABULARY[leaf] for leaf in leaves]
    material = rng.choice(fitting(words[0].materials, facts_of(look)))
    brief = _Brief(
        words=words,
        look=look,
        facts=facts_of(look, material),
        material=material,
        brand=brand,
        retailer=retailer,
        rng=rng,
    )
    name = _name(brief)
    return Copy(f"{brand} {name}" if brand and rng.random() < 0.9 else name, _description(brief))


# --- names


def _name(b: _Brief) -> str:
    """Return a random name without the brand."""
    rng = b.rng
    form = pick(rng, {_plain_name: 68, _model_and_type: 21, _model_alone: 6, _type_first: 5})
    name = form(b)
    if rng.random() < 0.12 and b.look.colour not in name.lower():
        name += rng.choice((f" - {b.look.colour.title()}", f" in {b.look.colour.title()}"))
    return name


def _plain_name(b: _Brief) -> str:
    """Return a type word after adjective, colour, pattern or material."""
    rng = b.rng
    parts = [rng.choice(ADJECTIVES)] if rng.random() < 0.55 else []
    if rng.random() < 0.14:
        parts.append(b.look.colour.title())
    pattern = PATTERN_NAMES.get(b.look.pattern)
    if pattern and rng.random() < 0.55:
        parts.append(pattern)
    elif rng.random() < 0.35:
        parts.append(b.material.title().replace("/", "-"))
    kind = b.word(exact=EXACT_IN_NAME)
    parts = [part for part in parts if part.lower() not in kind.lower()]
    return " ".join([*parts, kind])


def _model_and_type(b: _Brief) -> str:
    model = b.rng.choice(MODELS)
    return f"{b.rng.choice((model, repr(model), f'The {model}'))} {b.word(EXACT_IN_NAME)}"


def _model_alone(b: _Brief) -> str:
    """Return a name that does not mention the type."""
    rng, model = b.rng, b.rng.choice(MODELS)
    extra = rng.choice((b.material.title(), b.look.colour.title(), rng.choice(ADJECTIVES)))
    return rng.choice((model, f"The {model}", f"{model} {extra}", f"The {extra} {model}"))


def _type_first(b: _Brief) -> str:
    return f"{b.word(EXACT_IN_NAME)}, {b.rng.choice(ADJECTIVES)} {b.material.title()}"


# --- descriptions


def _description(b: _Brief) -> str:
    """Return one to four sentences, perhaps with a list and a stock phrase of the shop."""
    rng = b.rng
    parts = {_opening: 0.5, _subject: 0.72, _praise: 0.75, _styling: 0.45}
    sentences = [part(b) for part, share in parts.items() if rng.random() < share] or [_opening(b)]
    if rng.random() < 0.25:
        rng.shuffle(sentences)
    text = " ".join(sentences)
    form = pick(rng, {_as_list: 45, _as_lines: 15, _as_prose: 40})
    text = form(b, text)
    if rng.random() < 0.3:
        text += " " + _boilerplate(b)
    return text.replace("é", "&eacute;") if rng.random() < 0.3 else text


def _opening(b: _Brief) -> str:
    return b.rng.choice(OPENERS)


def _subject(b: _Brief) -> str:
    """Return a sentence about the product itself."""
    rng, kind = b.rng, b.word(EXACT_IN_TEXT).lower().replace("(", "").replace(")", "")
    kind = "piece" if rng.random() < 0.3 else kind
    many = kind.endswith("s") and not kind.endswith("ss")
    this, are = ("these", "are") if many else ("this", "is")
    features = b.features(2)
    detail = " and ".join(features) or f"plenty of {rng.choice(ADJECTIVES).lower()} appeal"
    adjective = rng.choice(ADJECTIVES).lower()
    article = "" if many else "an " if adjective[0] in "aeiou" else "a "
    text = rng.choice((
        f"{this} {kind} {are} made of {b.material} with {detail}.",
        f"{article}{adjective} {kind} in {b.look.colour} {b.material}.",
        f"our {kind}: {b.material}, {detail}.",
        f"crafted from {b.material} and finished with {detail}.",
        f"{rng.choice(MODELS)} is our take on the {kind}, with {detail}.",
        f"<b>{b.material.capitalize()}</b> meets {detail} in {this} {kind}.",
    ))  # fmt: skip
    return text[0].upper() + text[1:]


def _praise(b: _Brief) -> str:
    text = b.rng.choice(fitting(b.rng.choice(b.words).praise, b.facts))
    return text if text.endswith("!") else text + "."


def _styling(b: _Brief) -> str:
    """Return a sentence about products to wear with this one, which names other categories."""
    other, another = some(b.rng, COMPANIONS, 2)
    return b.rng.choice(STYLINGS).format(other=other, another=another)


def _boilerplate(b: _Brief) -> str:
    text = b.rng.choice(BOILERPLATE)
    return text.format(
        retailer=b.retailer.replace("&", "&amp;"),
        brand=(b.brand or b.retailer).replace("&", "&amp;"),
        number=b.rng.randint(100_000, 999_999),
    )


def _points(b: _Brief) -> list[str]:
    """Return the entries of a list: features, fabric, size, care."""
    rng = b.rng
    percent = rng.choice((100, 98, 95, 80, 60))
    fabric = f"{percent}% {b.material}" if "/" not in b.material else b.material.capitalize()
    words = b.words[0]
    points = [feature.removeprefix("a ").capitalize() for feature in b.features(rng.randint(1, 3))]
    points += [fabric, rng.choice(words.sizes), rng.choice(CARE[words.care])]
    points += [measured for measured in _inches(b) if rng.random() < 0.4]
    points += [_boilerplate(b)] if rng.random() < 0.4 else []
    points = [point for point in points if rng.random() < 0.8] or points[:1]
    return [point.rstrip(".") for point in points]


def _inches(b: _Brief) -> list[str]:
    """Return measures in inches."""
    measures = INCHES.get(b.look.kind, ())
    return [
        f'{offset + factor * b.look.shape[measure]:.{digits}f}" {words}'
        for measure, offset, factor, digits, words in measures
    ]


# Kind → measure, inches at 0, inches per unit, decimals, name of the measure.
INCHES: dict[str, tuple[tuple[str, float, float, int, str], ...]] = {
    "jeans": (("hem", 0, 86, 1, "leg opening"), ("length", 0, 26, 0, "inseam")),
    "dress": (("length", 32, 27, 0, "length (size Medium)"),),
    "tote": (("drop", 0, 16, 1, "strap drop"),),
    "shoulder-bag": (("drop", 0, 16, 1, "strap drop"),),
    "pump": (("heel", 0, 8.5, 1, "heel"),),
    "sandal": (("heel", 0, 8.5, 1, "heel"),),
    "boot": (("heel", 0, 8.5, 1, "heel"), ("shaft", 5, 11, 0, "shaft")),
}


def _as_list(b: _Brief, text: str) -> str:
    points = "".join(f"<li>{point}.</li> " for point in _points(b))
    return f"{text} <ul> {points}</ul>"


def _as_lines(b: _Brief, text: str) -> str:
    return f"{text}<br><br>{b.rng.choice(TITLES)}<br>" + "<br>".join(_points(b))


def _as_prose(b: _Brief, text: str) -> str:
    return f"{text} {'. '.join(_points(b))}." if b.rng.random() < 0.5 else text
