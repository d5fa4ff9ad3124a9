"""The products that are selected by a given split, by language and by random sampling."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.errors import StoreError
from product_classifier.models.split import part_of
from product_classifier.recipes.select_products import (
    in_languages,
    language_counts_text,
    parts_of_given_split,
    sample_products,
)
from product_classifier.selection import Labels, Selection

SIZES = {"belts": 100, "hats": 30, "scarves": 5, "socks": 1}
PRODUCTS = {f"{name}-{k}": [name] for name, size in SIZES.items() for k in range(size)}
PARTS = {product: part_of(product) for product in PRODUCTS}


def sampled(
    share: float | None = None,
    most: int | None = None,
    seed: int = 0,
    products: dict[str, list[str]] | None = None,
    ambiguous: Sequence[str] = (),
) -> set[str]:
    labels = Labels(list(SIZES), products or PRODUCTS, set(ambiguous), [])
    selection = Selection(sample=share, sample_per_category=most, sample_seed=seed)
    parts = {product: part_of(product) for product in (*labels.products, *ambiguous)}
    return set(sample_products(labels, parts, selection))


def sizes(sample: set[str]) -> Counter[str]:
    return Counter(product.partition("-")[0] for product in sample)


@pytest.mark.parametrize("share", [0.01, 0.07, 0.1, 0.3, 0.5, 0.99])
def test_the_sample_of_each_category_is_rounded_up(share: float) -> None:
    expected = {name: math.ceil(round(share * size, 9)) for name, size in SIZES.items()}
    assert sizes(sampled(share)) == expected


def test_a_sample_has_at_most_the_given_number_of_products_of_each_category() -> None:
    assert sizes(sampled(most=20)) == {"belts": 20, "hats": 20, "scarves": 5, "socks": 1}
    assert sizes(sampled(0.5, most=20)) == {"belts": 20, "hats": 15, "scarves": 3, "socks": 1}


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(1, 120), st.integers(0, 3))
def test_a_larger_sample_contains_a_smaller_one(
    share: float, other: float, most: int, seed: int
) -> None:
    small, large = sorted((share, other))
    assert sampled(small, seed=seed) <= sampled(large, seed=seed)
    assert sampled(small, most, seed) <= sampled(large, most + 1, seed)


def test_the_order_of_products_and_other_categories_do_not_change_a_sample() -> None:
    backwards = dict(reversed(PRODUCTS.items()))
    assert sampled(0.1, products=backwards) == sampled(0.1)
    belts = {product: names for product, names in PRODUCTS.items() if names == ["belts"]}
    assert sampled(0.1, products=belts) == {p for p in sampled(0.1) if p in belts}


def test_another_seed_samples_other_products() -> None:
    assert sampled(0.1, seed=1) != sampled(0.1)
    assert sizes(sampled(0.1, seed=1)) == sizes(sampled(0.1))


def test_every_product_is_equally_likely_in_a_sample() -> None:
    belts = [product for product in PRODUCTS if product.startswith("belts")]
    times = Counter(product for seed in range(300) for product in sampled(0.3, seed=seed))
    assert all(50 < times[product] < 130 for product in belts)  # 90 are expected


@pytest.mark.parametrize(("share", "tolerance"), [(0.1, 0.25), (0.4, 0.1)])
def test_parts_keep_their_proportions_in_each_category_and_overall(
    share: float, tolerance: float
) -> None:
    sample = sampled(share)
    for part in ("train", "tuning", "calibration", "test"):
        whole = [p for p in PRODUCTS if PARTS[p] == part and p.startswith("belts")]
        in_sample = [p for p in whole if p in sample]
        assert abs(len(in_sample) - share * len(whole)) <= 2
    many = {f"c{c}-{k}": [f"c{c}"] for c in range(300) for k in range(20)}
    sampled_parts = Counter(part_of(product) for product in sampled(share, products=many))
    test = sum(part_of(product) == "test" for product in many)
    assert sampled_parts["test"] == pytest.approx(share * test, rel=tolerance)


def test_the_first_sampled_product_of_a_category_is_a_training_product() -> None:
    learnable = {name for product, [name] in PRODUCTS.items() if PARTS[product] == "train"}
    assert {p.partition("-")[0] for p in sampled(most=1) if PARTS[p] == "train"} == learnable


def test_a_product_of_several_categories_counts_in_its_main_one() -> None:
    both = {f"{k}": ["belts", "hats"] for k in range(20)}
    hats = {f"hat {k}": ["hats"] for k in range(10)}
    sample = sampled(0.5, products={**both, **hats})
    assert len(sample & both.keys()) == 10
    assert len(sample & hats.keys()) == 5


def test_ambiguous_products_are_sampled_as_if_they_were_a_category() -> None:
    ambiguous = [f"ambiguous-{k}" for k in range(10)]
    assert sizes(sampled(0.3, ambiguous=ambiguous)) == {**sizes(sampled(0.3)), "ambiguous": 3}


def test_a_given_validation_part_is_divided_by_a_hash_of_duplicate_groups() -> None:
    groups = {f"{k}": f"group {k}" for k in range(2000)}
    own = dict.fromkeys(groups, "validation") | {"1": "train", "2": "test"}
    parts = parts_of_given_split(own, groups)
    assert (parts["1"], parts["2"]) == ("train", "test")
    halves = Counter(part for product, part in parts.items() if product not in "12")
    assert halves.keys() == {"tuning", "calibration"}
    assert 900 < halves["tuning"] < 1100
    twins = dict.fromkeys(groups, "one group")  # duplicates stay together
    assert len(set(parts_of_given_split(dict.fromkeys(groups, "validation"), twins).values())) == 1


def test_without_a_validation_part_a_tenth_of_the_training_part_is_used_instead() -> None:
    groups = {f"{k}": f"group {k}" for k in range(4000)}
    own = {product: "test" if int(product) % 2 else "train" for product in groups}
    parts = parts_of_given_split(own, groups)
    assert all((parts[p] == "test") == (part == "test") for p, part in own.items())
    counts = Counter(parts.values())
    assert counts["tuning"] == pytest.approx(100, rel=0.3)
    assert counts["calibration"] == pytest.approx(100, rel=0.3)
    twins = dict.fromkeys(groups, "one group")
    assert len({part for part in parts_of_given_split(own, twins).values() if part != "test"}) == 1


def test_a_given_split_that_equals_the_frozen_one_fills_every_part() -> None:
    groups = {f"{k}": f"group {k}" for k in range(4000)}
    frozen = {product: part_of(group) for product, group in groups.items()}
    validation = ("tuning", "calibration")
    own = {p: "validation" if part in validation else part for p, part in frozen.items()}
    counts = Counter(parts_of_given_split(own, groups).values())
    assert counts["tuning"] == pytest.approx(200, rel=0.3)
    assert counts["calibration"] == pytest.approx(200, rel=0.3)
    rest = {p: part for p, part in own.items() if part != "validation"}
    assert Counter(parts_of_given_split(rest, groups).values())["tuning"] > 100


def test_a_catalogue_without_a_split_of_its_own_is_an_error_with_the_remedy() -> None:
    with pytest.raises(StoreError, match="without a split of its own; leave out --given-split"):
        parts_of_given_split({}, {"1": "group"})


def test_products_in_other_languages_are_left_out() -> None:
    parts = {"1": "train", "2": "test", "3": "train", "4": "train"}
    languages = {"1": "fr", "2": "en", "3": "", "4": "de"}
    assert in_languages(parts, languages, ("fr", "en")) == {"1": "train", "2": "test"}
    with pytest.raises(StoreError, match=r"\(fr 1; en 1; de 1; unknown 1; kept 0\)"):
        in_languages(parts, languages, ("pl",))


def test_the_most_frequent_language_is_named_first_and_unknown_last() -> None:
    counts = {"": 300, "en": 1200, "fr": 120345}
    assert language_counts_text(counts, ["fr"]) == "fr 120,345; en 1,200; unknown 300; kept 120,345"
