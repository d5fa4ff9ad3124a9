"""What takes part of a catalogue: by a given split, by language, by chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from product_classifier.errors import StoreError
from product_classifier.models.split import part_of
from product_classifier.recipes.select_products import drawn as draw
from product_classifier.recipes.select_products import given_parts, languages_told, spoken
from product_classifier.selection import Labels, Selection

SIZES = {"belts": 100, "hats": 30, "scarves": 5, "socks": 1}
PRODUCTS = {f"{name}-{k}": [name] for name, size in SIZES.items() for k in range(size)}
PARTS = {product: part_of(product) for product in PRODUCTS}


def drawn(
    share: float | None = None,
    most: int | None = None,
    seed: int = 0,
    products: dict[str, list[str]] | None = None,
    unclear: Sequence[str] = (),
) -> set[str]:
    labels = Labels(list(SIZES), products or PRODUCTS, set(unclear), [])
    asked = Selection(sample=share, sample_per_category=most, sample_seed=seed)
    parts = {product: part_of(product) for product in (*labels.products, *unclear)}
    return set(draw(labels, parts, asked))


def sizes(found: set[str]) -> Counter[str]:
    return Counter(product.partition("-")[0] for product in found)


@pytest.mark.parametrize("share", [0.01, 0.07, 0.1, 0.3, 0.5, 0.99])
def test_the_share_of_each_category_is_rounded_up(share: float) -> None:
    expected = {name: math.ceil(round(share * size, 9)) for name, size in SIZES.items()}
    assert sizes(drawn(share)) == expected


def test_at_most_so_many_of_each_are_drawn() -> None:
    assert sizes(drawn(most=20)) == {"belts": 20, "hats": 20, "scarves": 5, "socks": 1}
    assert sizes(drawn(0.5, most=20)) == {"belts": 20, "hats": 15, "scarves": 3, "socks": 1}


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(1, 120), st.integers(0, 3))
def test_a_larger_sample_contains_a_smaller_one(
    one: float, other: float, most: int, seed: int
) -> None:
    small, large = sorted((one, other))
    assert drawn(small, seed=seed) <= drawn(large, seed=seed)
    assert drawn(small, most, seed) <= drawn(large, most + 1, seed)


def test_neither_the_order_nor_other_categories_change_a_sample() -> None:
    backwards = dict(reversed(PRODUCTS.items()))
    assert drawn(0.1, products=backwards) == drawn(0.1)
    belts = {product: names for product, names in PRODUCTS.items() if names == ["belts"]}
    assert drawn(0.1, products=belts) == {p for p in drawn(0.1) if p in belts}


def test_another_seed_draws_others() -> None:
    assert drawn(0.1, seed=1) != drawn(0.1)
    assert sizes(drawn(0.1, seed=1)) == sizes(drawn(0.1))


def test_every_product_is_as_likely_as_another_one() -> None:
    belts = [product for product in PRODUCTS if product.startswith("belts")]
    times = Counter(product for seed in range(300) for product in drawn(0.3, seed=seed))
    assert all(50 < times[product] < 130 for product in belts)  # 90 are expected


@pytest.mark.parametrize(("share", "tolerance"), [(0.1, 0.25), (0.4, 0.1)])
def test_parts_keep_their_proportions_in_each_category_and_overall(
    share: float, tolerance: float
) -> None:
    found = drawn(share)
    for part in ("train", "tuning", "calibration", "test"):
        whole = [p for p in PRODUCTS if PARTS[p] == part and p.startswith("belts")]
        kept = [p for p in whole if p in found]
        assert abs(len(kept) - share * len(whole)) <= 2
    many = {f"c{c}-{k}": [f"c{c}"] for c in range(300) for k in range(20)}
    drawn_parts = Counter(part_of(product) for product in drawn(share, products=many))
    test = sum(part_of(product) == "test" for product in many)
    assert drawn_parts["test"] == pytest.approx(share * test, rel=tolerance)


def test_the_first_of_a_category_is_one_to_learn_from() -> None:
    learnable = {name for product, [name] in PRODUCTS.items() if PARTS[product] == "train"}
    assert {p.partition("-")[0] for p in drawn(most=1) if PARTS[p] == "train"} == learnable


def test_a_product_of_several_categories_counts_in_its_main_one() -> None:
    both = {f"{k}": ["belts", "hats"] for k in range(20)}
    hats = {f"hat {k}": ["hats"] for k in range(10)}
    found = drawn(0.5, products={**both, **hats})
    assert len(found & both.keys()) == 10
    assert len(found & hats.keys()) == 5


def test_products_that_nobody_can_tell_are_drawn_among_themselves() -> None:
    unclear = [f"unclear-{k}" for k in range(10)]
    assert sizes(drawn(0.3, unclear=unclear)) == {**sizes(drawn(0.3)), "unclear": 3}


def test_a_given_validation_part_is_halved_by_a_hash_of_groups() -> None:
    groups = {f"{k}": f"group {k}" for k in range(2000)}
    given = dict.fromkeys(groups, "validation") | {"1": "train", "2": "test"}
    found = given_parts(given, groups)
    assert (found["1"], found["2"]) == ("train", "test")
    halves = Counter(part for product, part in found.items() if product not in "12")
    assert halves.keys() == {"tuning", "calibration"}
    assert 900 < halves["tuning"] < 1100
    twins = dict.fromkeys(groups, "one group")  # duplicates stay together
    assert len(set(given_parts(dict.fromkeys(groups, "validation"), twins).values())) == 1


def test_without_a_validation_part_a_tenth_of_the_training_part_is_taken() -> None:
    groups = {f"{k}": f"group {k}" for k in range(4000)}
    given = {product: "test" if int(product) % 2 else "train" for product in groups}
    found = given_parts(given, groups)
    assert all((found[p] == "test") == (part == "test") for p, part in given.items())
    counts = Counter(found.values())
    assert counts["tuning"] == pytest.approx(100, rel=0.3)
    assert counts["calibration"] == pytest.approx(100, rel=0.3)
    twins = dict.fromkeys(groups, "one group")
    assert len({found for found in given_parts(given, twins).values() if found != "test"}) == 1


def test_the_frozen_split_can_be_given_and_every_part_is_filled() -> None:
    groups = {f"{k}": f"group {k}" for k in range(4000)}
    frozen = {product: part_of(group) for product, group in groups.items()}
    validation = ("tuning", "calibration")
    given = {p: "validation" if part in validation else part for p, part in frozen.items()}
    counts = Counter(given_parts(given, groups).values())
    assert counts["tuning"] == pytest.approx(200, rel=0.3)
    assert counts["calibration"] == pytest.approx(200, rel=0.3)
    known = {p: part for p, part in given.items() if part != "validation"}
    assert Counter(given_parts(known, groups).values())["tuning"] > 100


def test_a_catalogue_without_a_split_of_its_own_says_so() -> None:
    with pytest.raises(StoreError, match="without a split of its own; leave out --given-split"):
        given_parts({}, {"1": "group"})


def test_products_in_other_languages_are_left_out() -> None:
    parts = {"1": "train", "2": "test", "3": "train", "4": "train"}
    languages = {"1": "fr", "2": "en", "3": "", "4": "de"}
    assert spoken(parts, languages, ("fr", "en")) == {"1": "train", "2": "test"}
    with pytest.raises(StoreError, match=r"\(fr 1; en 1; de 1; not to tell 1; kept 0\)"):
        spoken(parts, languages, ("pl",))


def test_languages_are_told_the_commonest_first_and_the_unknown_last() -> None:
    counts = {"": 300, "en": 1200, "fr": 120345}
    assert languages_told(counts, ["fr"]) == "fr 120,345; en 1,200; not to tell 300; kept 120,345"
