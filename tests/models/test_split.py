"""The frozen split: by identity, in the promised shares, duplicates together."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from product_classifier.models.split import duplicate_groups, frozen_split, part_of, position_of
from product_classifier.records import Identity


def catalogue(count: int) -> list[Identity]:
    return [Identity(str(k), f"name {k}", f"description {k}", f"{k:064x}") for k in range(count)]


def test_parts_have_their_shares() -> None:
    counts = Counter(frozen_split(catalogue(20_000)).values())
    shares = {part: round(count / 20_000, 2) for part, count in counts.items()}
    assert shares == {"train": 0.8, "tuning": 0.05, "calibration": 0.05, "test": 0.1}


def test_a_products_part_does_not_depend_on_order_or_other_products() -> None:
    products = catalogue(500)
    parts = frozen_split(products)
    assert frozen_split(products[::-1]) == parts
    assert frozen_split(products[100:200]).items() <= parts.items()


def test_the_parts_of_known_products_never_change() -> None:
    parts = frozen_split(catalogue(10))
    letters = "".join(part[:2] for part in parts.values())
    assert letters == "tetrcatutrtrtrtrcatr"


def test_products_of_the_same_normalized_text_stay_together() -> None:
    for k in range(50):
        one = Identity("1", f"Red Belt {k}", "Soft", None)
        other = Identity("2", f"red  belt {k} soft", "", None)
        markup = Identity("3", f"<b>Red&nbsp;Belt</b> {k}", "<p>soft</p>", None)
        assert len(set(frozen_split([one, other, markup]).values())) == 1


def test_products_of_the_same_picture_stay_together() -> None:
    for k in range(50):
        one, other = Identity("1", f"a {k}", "", "same"), Identity("2", f"b {k}", "", "same")
        assert len(set(frozen_split([one, other]).values())) == 1


def test_a_picture_that_arrives_later_moves_no_product() -> None:
    products = catalogue(300)
    before = frozen_split(product._replace(sha256=None) for product in products)
    assert frozen_split(products) == before


def test_products_without_text_are_not_each_others_duplicates() -> None:
    empty = [Identity(str(k), "", " ", None) for k in range(2000)]
    assert len(set(frozen_split(empty).values())) == 4


def test_an_empty_catalogue_has_an_empty_split() -> None:
    assert frozen_split([]) == {}


def test_groups_reach_through_texts_and_pictures() -> None:
    # 0 and 1 share a text, 1 and 2 a picture; 3 is alone
    groups = duplicate_groups(["a", "a", "b", "c"], [None, "x", "x", None])
    assert groups[0] == groups[1] == groups[2] != groups[3]


def connected(texts: list[str], pictures: list[str | None]) -> set[frozenset[int]]:
    """Merge sets until nothing changes: slow, and plainly right."""
    groups = [{k} for k in range(len(texts))]
    for _ in texts:
        for a in range(len(texts)):
            for b in range(len(texts)):
                same = texts[a] == texts[b] or (pictures[a] and pictures[a] == pictures[b])
                if same:
                    merged = groups[a] | groups[b]
                    for member in merged:
                        groups[member] = merged
    return {frozenset(group) for group in groups}


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from([None, "x", "y", "z"])), max_size=9
    )
)
def test_groups_are_the_connected_components(products: list[tuple[str, str | None]]) -> None:
    texts = [text for text, _ in products]
    pictures = [picture for _, picture in products]
    found: dict[int, set[int]] = {}
    for product, group in enumerate(duplicate_groups(texts, pictures) if products else []):
        found.setdefault(group, set()).add(product)
    assert {frozenset(group) for group in found.values()} == connected(texts, pictures)


def test_positions_spread_evenly_and_bounds_choose_the_part() -> None:
    positions = [position_of(str(k)) for k in range(10_000)]
    assert abs(sum(positions) / 10_000 - 0.5) < 0.01
    bounds = ((0.5, "low"), (1.0, "high"))
    for k in range(20):
        expected = "low" if positions[k] < 0.5 else "high"
        assert part_of(str(k), bounds) == expected
