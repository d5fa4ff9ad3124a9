"""The demo catalogue: reproducible, with faults in the documented shares."""

import hashlib
import os
import subprocess
import sys
from collections import Counter

import pytest

from demo.catalogue.products import DemoCatalogue, DemoProduct, make_catalogue
from demo.catalogue.tree import LEAVES
from demo.catalogue.true_facts import FEATURES, fitting
from demo.catalogue.vocabulary import VOCABULARY

DIGEST = (
    "import hashlib; from demo.catalogue.products import make_catalogue;"
    "print(hashlib.sha256(repr(make_catalogue(3, 120)).encode()).hexdigest())"
)


@pytest.fixture(scope="module")
def catalogue() -> DemoCatalogue:
    return make_catalogue(seed=0, products=1500)


def share(catalogue: DemoCatalogue, chosen: list[DemoProduct]) -> float:
    return len(chosen) / len(catalogue.products)


def test_a_fresh_process_makes_the_same_catalogue() -> None:
    here = hashlib.sha256(repr(make_catalogue(3, 120)).encode()).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    command = [sys.executable, "-c", DIGEST]
    fresh = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert fresh.stdout.strip() == here


def test_another_seed_makes_another_catalogue() -> None:
    names = {product.name for product in make_catalogue(0, 60).products}
    others = {product.name for product in make_catalogue(1, 60).products}
    assert len(names & others) < 10


def test_ids_are_unique_and_of_the_requested_number(catalogue: DemoCatalogue) -> None:
    assert len({product.id for product in catalogue.products}) == 1500


def test_the_root_comes_first_and_parents_before_children(catalogue: DemoCatalogue) -> None:
    root, *others = catalogue.categories
    assert (root.id, root.parent) == ("women", "clothes-shoes-and-jewelry")
    seen = {root.id}
    for category in others:
        assert category.parent in seen
        assert category.id not in seen
        seen.add(category.id)


def test_leaves_lie_two_to_four_levels_below_the_root(catalogue: DemoCatalogue) -> None:
    depth = {"women": 0}
    for category in catalogue.categories[1:]:
        assert category.parent is not None
        depth[category.id] = depth[category.parent] + 1
    assert {depth[leaf] for leaf in LEAVES} == {2, 3, 4}


def test_every_category_of_a_product_is_a_leaf(catalogue: DemoCatalogue) -> None:
    inner = {category.parent for category in catalogue.categories}
    leaves = {category.id for category in catalogue.categories} - inner
    assert leaves == set(LEAVES)
    for product in catalogue.products:
        assert product.categories
        assert leaves.issuperset((*product.categories, *product.true_categories))


def test_leaves_differ_in_size_like_real_ones(catalogue: DemoCatalogue) -> None:
    sizes = Counter(product.true_categories[0] for product in catalogue.products)
    assert min(sizes.values()) >= 30
    assert max(sizes.values()) >= 2.5 * min(sizes.values())


@pytest.mark.parametrize("products", [27, 28, 60, 100, 300])
def test_a_small_catalogue_still_fills_every_leaf(products: int) -> None:
    small = make_catalogue(0, products)
    assert len(small.products) == products
    assert {product.categories[0] for product in small.products} == set(LEAVES)


def test_a_tiny_catalogue_has_the_requested_number_of_products() -> None:
    assert [len(make_catalogue(0, n).products) for n in (0, 1, 10)] == [0, 1, 10]


def test_two_percent_are_recorded_in_a_wrong_category(catalogue: DemoCatalogue) -> None:
    wrong = [
        product
        for product in catalogue.products
        if not set(product.categories) & set(product.true_categories)
    ]
    assert share(catalogue, wrong) == pytest.approx(0.02, abs=0.001)


def test_all_other_products_are_recorded_in_their_true_category(catalogue: DemoCatalogue) -> None:
    right = [p for p in catalogue.products if p.categories == p.true_categories]
    assert share(catalogue, right) == pytest.approx(0.98, abs=0.001)


def test_five_percent_are_in_two_categories(catalogue: DemoCatalogue) -> None:
    double = [product for product in catalogue.products if len(product.categories) == 2]
    assert share(catalogue, double) == pytest.approx(0.05, abs=0.01)
    assert all(len(set(product.categories)) == 2 for product in double)


def test_some_descriptions_are_missing_and_most_others_contain_html(
    catalogue: DemoCatalogue,
) -> None:
    described = [product.description for product in catalogue.products if product.description]
    assert len(described) / 1500 == pytest.approx(0.94, abs=0.01)
    for markup in ("<li>", "<br>", "<b>", "&amp;", "&eacute;", "&nbsp;"):
        assert sum(markup in text for text in described) > 10, markup
    assert 0.1 < sum("<" not in text for text in described) / len(described) < 0.6


def test_a_product_without_brand_does_not_name_one(catalogue: DemoCatalogue) -> None:
    brands = {product.brand for product in catalogue.products if product.brand}
    nameless = [product for product in catalogue.products if product.brand is None]
    assert share(catalogue, nameless) == pytest.approx(0.07, abs=0.02)
    assert not any(product.name.startswith(tuple(brands)) for product in nameless)


def test_some_products_differ_from_another_in_colour_alone(catalogue: DemoCatalogue) -> None:
    by_text: dict[tuple[str, str], list[DemoProduct]] = {}
    for product in catalogue.products:
        by_text.setdefault((product.name, product.description), []).append(product)
    variants = [twins for twins in by_text.values() if len(twins) > 1 and twins[0].description]
    assert 0.03 < sum(len(twins) - 1 for twins in variants) / 1500 < 0.06
    for twins in variants:
        assert len({product.colour for product in twins}) == len(twins)
        assert len({product.image_id for product in twins}) == len(twins)


def test_products_that_share_a_picture_look_the_same(catalogue: DemoCatalogue) -> None:
    by_image: dict[str, list[DemoProduct]] = {}
    for product in catalogue.products:
        if product.image_id:
            by_image.setdefault(product.image_id, []).append(product)
    shared = [twins for twins in by_image.values() if len(twins) > 1]
    assert 5 <= len(shared) <= 20
    for first, second in shared:
        assert first.appearance == second.appearance
        assert (first.name, first.description) != (second.name, second.description)
        assert first.image_fault is None and second.image_fault is None  # noqa: PT018


@pytest.mark.parametrize("products", [60, 1500])
def test_a_few_pictures_are_broken_in_every_way(products: int) -> None:
    made = make_catalogue(0, products).products
    faults = Counter(product.image_fault for product in made if product.image_fault)
    without = sum(product.image_id is None for product in made)
    assert set(faults) == {"missing", "truncated", "not an image"}
    assert without >= 1
    if products == 1500:
        assert (faults.total() + without) / products == pytest.approx(0.02, abs=0.003)


def test_picture_ids_are_hexadecimal(catalogue: DemoCatalogue) -> None:
    for product in catalogue.products:
        assert product.image_id is None or len(bytes.fromhex(product.image_id)) == 16


def test_texts_have_no_placeholders(catalogue: DemoCatalogue) -> None:
    for product in catalogue.products:
        assert product.name.strip() == product.name
        for text in (product.name, product.description):
            assert not set("{}") & set(text)
            assert "?" not in text.replace("Love at first sight?", "")
            assert "None" not in text


def test_a_name_does_not_always_mention_the_type(catalogue: DemoCatalogue) -> None:
    boots = [p.name.lower() for p in catalogue.products if p.true_categories == ("boots",)]
    named = sum("boot" in name for name in boots)
    assert 0.5 < named / len(boots) < 0.95


def test_a_description_agrees_with_the_picture(catalogue: DemoCatalogue) -> None:
    short = set(FEATURES["short-sleeved"])
    for product in catalogue.products:
        text = product.description.lower()
        if any(feature in text for feature in short):
            assert 0.05 <= product.appearance.shape["sleeve"] < 0.6


def test_prices_are_usual_for_the_category(catalogue: DemoCatalogue) -> None:
    for product in catalogue.products:
        low, high = VOCABULARY[product.true_categories[0]].price
        assert low - 1 <= product.price <= high + 1


def test_a_phrase_fits_if_its_conditions_hold() -> None:
    phrases = ["Boots", "Chelsea Boots?elastic&!laces"]
    assert fitting(phrases, frozenset({"elastic"})) == ["Boots", "Chelsea Boots"]
    assert fitting(phrases, frozenset({"elastic", "laces"})) == ["Boots"]
    assert fitting(phrases, frozenset()) == ["Boots"]
