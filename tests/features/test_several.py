"""Several pictures of a product in a cache: which are pooled, and what is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from product_classifier.features import pooling
from product_classifier.features.bottlenecks import Bottlenecks, bottlenecks, cache_name
from product_classifier.features.pooling import PLACEHOLDER, pool, telling
from product_classifier.records import Image
from product_classifier.store.cache import BottleneckCache
from tests.features.test_bottlenecks import Toy, backbone, picture

ONE, TWO = np.array([0]), np.array([0, 1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images"


def compute(
    images: list[Image | None],
    folder: Path,
    more: list[tuple[Image, ...]],
    embed: Toy | None = None,
) -> Bottlenecks:
    network = backbone(embed or Toy())
    cache = BottleneckCache(folder.parent / "cache" / cache_name(network), network.width)
    return bottlenecks(images, folder, network, cache, more=more)


def shades(folder: Path, start: int, count: int) -> list[Image]:
    colours = [f"hsl({start + 3 * k}, 90%, 50%)" for k in range(count)]
    return [picture(folder, f"{start + 3 * k}.jpg", colour) for k, colour in enumerate(colours)]


def test_what_many_products_show_is_left_out_unless_they_have_no_other() -> None:
    many = PLACEHOLDER + 1
    shown = [[f"main {k}", "logo", f"back {k}"] for k in range(many)] + [["logo"], [], ["x", "x"]]
    assert telling(shown) == [
        *([f"main {k}", f"back {k}"] for k in range(many)),
        ["logo"],
        [],
        ["x"],
    ]
    fewer = [[f"main {k}", "logo"] for k in range(PLACEHOLDER)]
    assert telling(fewer) == fewer


def test_a_product_gets_what_its_pictures_pool_into(folder: Path) -> None:
    pictures = shades(folder, 0, 3)
    found = compute([pictures[0], None], folder, [tuple(pictures[1:]), ()])
    alone = compute([*pictures], folder, [])[np.arange(3)]
    assert np.array_equal(found[ONE], pool(alone[None]))
    assert found.present.tolist() == [True, False]
    assert found[TWO][1].tolist() == [0, 0, 0]


def test_products_without_further_pictures_are_what_they_were(folder: Path) -> None:
    images: list[Image | None] = [*shades(folder, 0, 3), None]
    before = compute(images, folder, [])
    after = compute(images, folder, [(), (), (), ()])
    assert (before.rows.tolist(), before.mains) == (after.rows.tolist(), after.mains)
    assert len(before.vectors) == len(after.vectors) == 3
    logo = picture(folder, "logo.jpg", "black")
    mixed = compute(images, folder, [(logo, *shades(folder, 60, 1)), (), (), ()])
    rows = np.array([1, 2, 3])
    assert np.array_equal(mixed[rows], before[rows])


def test_a_logo_that_many_products_show_changes_none_of_them(folder: Path) -> None:
    mains: list[Image | None] = [*shades(folder, 0, PLACEHOLDER + 1)]
    backs = shades(folder, 150, PLACEHOLDER + 1)
    logo = picture(folder, "logo.jpg", "black")
    rows = np.arange(len(mains))
    alone = compute(mains, folder, [(back,) for back in backs])
    with_logo = compute(mains, folder, [(logo, back) for back in backs])
    assert np.array_equal(with_logo[rows], alone[rows])
    fewer = compute(mains[:2], folder, [(logo, backs[0]), (logo, backs[1])])
    assert not np.array_equal(fewer[TWO], alone[TWO])  # of few products it may be a picture


def test_a_picture_that_is_gone_is_told_and_the_product_keeps_the_others(folder: Path) -> None:
    main, *others = shades(folder, 0, 4)
    (folder / str(others[1].file)).unlink()
    found = compute([main, None], folder, [tuple(others), (others[1], others[2])])
    assert found.lost == (f"{others[1].file}: No such file or directory",)
    kept = compute([main, None], folder, [(others[0], others[2]), (others[2],)])
    assert np.array_equal(found[TWO], kept[TWO])
    assert found.present.tolist() == [True, True]


def test_what_is_pooled_once_is_read_from_then_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = shades(folder, 0, 3)
    first = compute([images[0]], folder, [tuple(images[1:])])
    monkeypatch.setattr(pooling, "pool", None)
    embed = Toy()
    again = compute([images[0]], folder, [tuple(images[1:])], embed)
    assert embed.batches == 0
    assert np.array_equal(first[ONE], again[ONE])


def test_equal_pictures_at_several_addresses_count_once(folder: Path) -> None:
    main, other = shades(folder, 0, 2)
    copies = [picture(folder, f"copy-{k}.jpg", "hsl(3, 90%, 50%)") for k in range(3)]
    assert np.array_equal(
        compute([main], folder, [tuple(copies)])[ONE], compute([main], folder, [(other,)])[ONE]
    )


def test_products_of_one_main_picture_are_known_as_such(folder: Path) -> None:
    main, *others = shades(folder, 0, 5)
    found = compute([main, main], folder, [tuple(others[:2]), tuple(others[2:])])
    assert found.main[0] == found.main[1] >= 0
    assert found.rows[0] != found.rows[1]
