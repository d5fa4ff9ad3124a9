"""The products and categories that an experiment learns: as selected, and as recorded by it.

A selection is applied when categorizing, in the order of its fields; the crawled rows stay as they
are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from product_classifier.errors import StoreError

Categories = Mapping[str, Sequence[str]]  # product id → ids of its categories, each once
TRAIN, TUNING, CALIBRATION, TEST = "train", "tuning", "calibration", "test"  # parts of the split
MIN_PER_CATEGORY = 1000  # products; the default of --min-per-category
PLACEHOLDER = 20  # products; a picture that more products share says nothing about any of them


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The products and categories that a categorizer learns and is tested on."""

    depth: int | None = None  # to which categories are rolled up; None: leaves are learned
    categories: Sequence[str] = ()  # ids or paths; none: all that are large enough
    given_split: bool = False  # use the split that the catalogue came with, not the frozen one
    languages: Sequence[str] = ()  # ISO 639-1 codes; none: products in any language
    min_per_category: int = MIN_PER_CATEGORY  # products, if no categories are chosen
    sample: float | None = None  # share of each category's products
    sample_per_category: int | None = None  # the largest number of products of each category
    sample_seed: int = 0
    images_per_product: int = 1

    @classmethod
    def recorded(cls, settings: Mapping[str, Any]) -> Selection:
        """Return the selection of an experiment, by the settings that it has recorded."""
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
        """Return whether a random sample of the products is taken."""
        return self.sample is not None or self.sample_per_category is not None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that an experiment records: everything but defaults."""
        settings: dict[str, Any] = {"min_per_category": self.min_per_category}
        if self.categories:
            settings = {"categories": list(self.categories)}
        optional = {
            "depth": self.depth,
            "given_split": self.given_split or None,
            "language": list(self.languages) or None,
            "sample": self.sample,
            "sample_per_category": self.sample_per_category,
            "sample_seed": self.sample_seed if self.is_sampled else None,
            "images_per_product": self.images_per_product if self.images_per_product > 1 else None,
        }
        return settings | {name: value for name, value in optional.items() if value is not None}

    @property
    def name_suffix(self) -> str:
        """The text after the categories in the name of an experiment; '' for a plain selection."""
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
        return "".join(f"; {text}" for applies, text in parts if applies)


@dataclass(frozen=True)
class Labels:
    """The categories to learn, and the products that are in them."""

    categories: Sequence[str]  # ids
    products: Categories  # those with a label: their categories, the main one first
    ambiguous: Set[str]  # products without a label: predicted, but never evaluated
    left_out: Sequence[str]  # categories that cannot be learned, with the reason

    def restricted_to(self, sample: Set[str], parts: Mapping[str, str]) -> Labels:
        """Return the labels of the products of a sample.

        parts: of the split, by product id. Categories without a training product are left out.
        Raises StoreError if fewer than two categories are left.
        """
        products = {product: self.products[product] for product in self.products.keys() & sample}
        trained = count_products(products, [p for p in products if parts[p] == TRAIN])
        learned = [category for category in self.categories if trained[category]]
        lost = [category for category in self.categories if not trained[category]]
        if len(learned) < 2:
            raise StoreError("the sample leaves fewer than two categories; take a larger one")
        reasons = [f"{category}: no training product is in the sample" for category in lost]
        return Labels(
            learned,
            only_in(products, learned),
            self.ambiguous & sample,
            [*self.left_out, *reasons],
        )


def count_products(categories: Categories, products: Collection[str]) -> Counter[str]:
    """Return the number of some products in each of their categories."""
    return Counter(category for product in products for category in categories[product])


def only_in(categories: Categories, wanted: Collection[str]) -> dict[str, list[str]]:
    """Return the products in any of the wanted categories, without their other categories."""
    names = set(wanted)
    by_product = {product: [c for c in each if c in names] for product, each in categories.items()}
    return {product: each for product, each in by_product.items() if each}
