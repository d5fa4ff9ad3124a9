"""The number of training products of each category, with and without a limit."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.models.choices import Choices
from product_classifier.models.experiment import _fewer, _without_marked
from product_classifier.records import Category, Dataset, Item

BELTS, HATS, SCARVES = range(3)


def dataset(labels: list[tuple[int, ...]]) -> Dataset:
    """Products of belts, hats and scarves, all in the training part."""
    categories = tuple(
        Category(id=name, name=name, parent=None, path=name, leaf=True)
        for name in ("belt", "hat", "scarf")
    )
    items = tuple(
        Item(id=f"p{k:03}", text="", image=None, labels=found, part="train")
        for k, found in enumerate(labels)
    )
    return Dataset(
        categories=categories,
        above=((),) * 3,
        items=items,
        name="belts, hats and scarves",
        split="split",
        left_out=(),
        settings={},
    )


def chosen(
    data: Dataset, most: int | None, rows: list[int] | None = None, seed: int = 0
) -> list[int]:
    train = np.arange(len(data.items)) if rows is None else np.array(rows, int)
    found = _fewer(data, train, Choices(max_per_category_train=most, seed=seed))
    return [int(row) for row in found]


LABELS: list[tuple[int, ...]] = [*[(BELTS,)] * 40, *[(HATS,)] * 10, *[(SCARVES,)] * 2]


def test_categories_are_limited_and_smaller_ones_stay_whole() -> None:
    found = chosen(dataset(LABELS), 5)
    assert Counter(LABELS[row] for row in found) == {(BELTS,): 5, (HATS,): 5, (SCARVES,): 2}
    assert found == sorted(set(found))


def test_without_a_limit_all_training_products_are_used() -> None:
    assert chosen(dataset(LABELS), None) == list(range(52))
    assert chosen(dataset(LABELS), 40) == list(range(52))


def test_only_training_products_are_chosen() -> None:
    rows = [1, 3, 5, 41, 43, 50]
    found = chosen(dataset(LABELS), 2, rows)
    assert set(found) < set(rows)
    assert Counter(LABELS[row] for row in found) == {(BELTS,): 2, (HATS,): 2, (SCARVES,): 1}


def test_the_chosen_products_do_not_depend_on_the_order() -> None:
    found = chosen(dataset(LABELS), 5)
    assert chosen(dataset(LABELS), 5, list(range(52))[::-1]) == found
    # a product is known by its id, not by its row
    data = dataset(LABELS)
    backwards = Dataset(
        categories=data.categories,
        above=data.above,
        items=data.items[::-1],
        name=data.name,
        split=data.split,
        left_out=(),
        settings={},
    )
    assert [51 - row for row in chosen(backwards, 5)][::-1] == found


def test_another_seed_chooses_other_products() -> None:
    assert chosen(dataset(LABELS), 5, seed=1) != chosen(dataset(LABELS), 5)


def test_a_higher_limit_includes_the_products_of_a_lower_one() -> None:
    kept = [set(chosen(dataset(LABELS), most)) for most in (1, 3, 8, 20)]
    assert all(fewer < more for fewer, more in itertools.pairwise(kept))


def test_a_product_of_two_categories_counts_for_both() -> None:
    data = dataset([(BELTS, HATS)] * 9)
    assert len(chosen(data, 4)) == 4
    # where both are full, neither belts nor hats are taken any more
    data = dataset([(BELTS, HATS)] * 30 + [(BELTS,), (HATS,)])
    kept = chosen(data, 4)
    assert sum(BELTS in data.items[row].labels for row in kept) == 4
    assert sum(HATS in data.items[row].labels for row in kept) == 4


def test_a_product_without_a_label_is_not_chosen() -> None:
    assert chosen(dataset([(), (BELTS,), ()]), 4) == [1]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 2), max_size=30), st.integers(1, 6), st.data())
def test_products_of_one_category_agree_with_a_naive_count_in_any_order(
    numbers: list[int], most: int, data: st.DataObject
) -> None:
    products = dataset([(number,) for number in numbers])
    found = chosen(products, most)
    counted = Counter(numbers[row] for row in found)
    assert counted == {number: min(count, most) for number, count in Counter(numbers).items()}
    rows = data.draw(st.permutations(range(len(numbers))))
    assert chosen(products, most, list(rows)) == found


def test_no_category_exceeds_the_limit_even_if_products_are_in_two() -> None:
    both = [*[(BELTS, HATS)] * 30, *[(HATS, SCARVES)] * 9]
    labels: list[tuple[int, ...]] = [*[(BELTS,)] * 30, *both]
    found = chosen(dataset(labels), 4)
    learned = Counter(label for row in found for label in labels[row])
    assert set(learned.values()) <= {1, 2, 3, 4}
    assert learned[BELTS] == 4


def test_the_number_of_left_out_marked_pictures_is_recorded_if_pictures_are_used() -> None:
    data = dataset(LABELS)
    items = [dataclasses.replace(item, marked_images=k % 3) for k, item in enumerate(data.items)]
    without = dataclasses.replace(data, items=tuple(items))
    pictures = Features(pictures=Bottlenecks(np.zeros((1, 3), np.float32), np.zeros(52, int), ()))
    assert _without_marked(without, pictures) == {"marked_pictures": 51}  # 0, 1, 2, 0, 1, 2, ...
    assert _without_marked(without, Features()) == {}
    assert _without_marked(data, pictures) == {}
