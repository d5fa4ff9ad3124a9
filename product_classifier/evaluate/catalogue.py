"""All that is counted of a catalogue before anything is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from product_classifier.evaluate.duplicates import Duplicates
from product_classifier.evaluate.picture_sizes import PictureSizes
from product_classifier.evaluate.spread import Box
from product_classifier.evaluate.tree import Sizes
from product_classifier.evaluate.vocabulary import Vocabulary
from product_classifier.records import CatalogueState


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """What is in a category, or below it."""

    id: str
    path: str
    name: str
    level: int  # depth below the root
    leaf: bool
    looped: bool  # lies above itself
    products: int
    pictures: int  # complete ones of these products
    pictured: int  # products that have any of them

    @property
    def label(self) -> str:
        """The path, with the name where that tells something else."""
        if not self.path:
            return self.name
        said, name = _letters(self.path.rpartition("/")[2].replace("%2F", "/")), _letters(self.name)
        return self.path if said in name or name in said else f"{self.path} ({self.name})"


@dataclass(frozen=True, slots=True)
class Level:
    """The categories of one depth, or all leaves."""

    products: int  # in any of them
    sizes: Sizes
    ordered: Sequence[int]  # products of each, the largest first


@dataclass(frozen=True, slots=True)
class Kept:
    """What a categorizer keeps that asks for so many products of a leaf."""

    fewest: int
    leaves: int
    products: int


@dataclass(frozen=True, slots=True)
class Filed:
    """Products by the number and kind of their categories."""

    in_none: int
    in_several: int
    in_inner: int  # in a category that is no leaf
    in_no_leaf: int  # in such categories only


@dataclass(frozen=True, slots=True)
class NameLengths:
    """How many words names have."""

    group: str  # 'all', 'level 1' or 'leaves'
    category: str
    products: int
    before: Box  # as names stand
    after: Box  # as categorizers read them


@dataclass(frozen=True, slots=True)
class Languages:
    """What languages texts are in."""

    products: int  # that were looked at
    counts: Sequence[tuple[str, int]]  # ISO 639-1, '' where it cannot be told; the most first


@dataclass(frozen=True)
class Catalogue:
    """All that is told of a catalogue."""

    state: CatalogueState
    filed: Filed
    categories: Sequence[CategoryCount]  # the largest first
    levels: Sequence[Level]
    leaves: Level
    kept: Sequence[Kept]
    names: Sequence[NameLengths]
    vocabulary: Vocabulary
    languages: Languages
    same_words: Duplicates
    same_picture: Duplicates
    same_either: Duplicates  # directly or through others, as the frozen split has it
    picture_sizes: PictureSizes
    seed: int  # of what was drawn at random


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
