"""Which products and categories an experiment is about: asked for, recorded, and asked for again.

All of it is applied when categorizing, in the order of the fields of Selection; nothing that was
crawled is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Selection:
    """What a categorizer is asked to learn and to be tested on."""

    depth: int | None = None  # of the categories that stand for all below them; None: leaves
    categories: Sequence[str] = ()  # ids or paths; none: all that are large enough
    given_split: bool = False  # that the catalogue came with, in place of the frozen one
    languages: Sequence[str] = ()  # ISO 639-1 codes; none: products in any language
    min_per_category: int = 1000  # products, where no categories are chosen
    sample: float | None = None  # share of each category's products
    sample_per_category: int | None = None  # at most so many products of each
    sample_seed: int = 0
    images_per_product: int = 1

    @classmethod
    def recorded(cls, settings: Mapping[str, Any]) -> Selection:
        """Ask again for what an experiment learned, by what it recorded."""
        return cls(
            depth=settings.get("depth"),
            categories=tuple(settings["learned"]),
            given_split=settings.get("given_split", False),
            languages=tuple(settings.get("language", ())),
            sample=settings.get("sample"),
            sample_per_category=settings.get("sample_per_category"),
            sample_seed=settings.get("sample_seed", 0),
            images_per_product=settings.get("images_per_product", 1),
        )

    @property
    def is_sampled(self) -> bool:
        """Whether some products of a category may be left out by chance."""
        return self.sample is not None or self.sample_per_category is not None

    @property
    def settings(self) -> dict[str, Any]:
        """What an experiment records of it: what was asked for."""
        asked: dict[str, Any] = {"min_per_category": self.min_per_category}
        if self.categories:
            asked = {"categories": list(self.categories)}
        told = {
            "depth": self.depth,
            "given_split": self.given_split or None,
            "language": list(self.languages) or None,
            "sample": self.sample,
            "sample_per_category": self.sample_per_category,
            "sample_seed": self.sample_seed if self.is_sampled else None,
            "images_per_product": self.images_per_product if self.images_per_product > 1 else None,
        }
        return asked | {name: value for name, value in told.items() if value is not None}

    @property
    def told(self) -> str:
        """What the name of an experiment must tell beside its categories, '' where nothing."""
        parts = (
            (self.depth is not None, f"depth {self.depth}"),
            (self.given_split, "given split"),
            (self.languages, f"language {','.join(self.languages)}"),
            (self.sample is not None, f"sample {self.sample:g}" if self.sample else ""),
            (
                self.sample_per_category is not None,
                f"at most {self.sample_per_category} of each category",
            ),
            (self.is_sampled and self.sample_seed, f"sample seed {self.sample_seed}"),
        )
        return "".join(f"; {words}" for wanted, words in parts if wanted)
