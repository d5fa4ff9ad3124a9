"""Several pictures of a product: which ones are pooled, and what is cached."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from product_classifier.features import pooling
from product_classifier.features.bottlenecks import Bottlenecks, bottlenecks, cache_name
from product_classifier.features.pooling import pool, without_placeholders
from product_classifier.records import Image
from product_classifier.selection import PLACEHOLDER
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
    return bottlenecks(images, folder, network, cache, more_images=more)


def shades(folder: Path, start: int, count: int) -> list[Image]:
    colours = [f"hsl({start + 3 * k}, 90%, 50%)" for k in range(count)]
    return [picture(folder, f"{start + 3 * k}.jpg", colour) for k, colour in enumerate(colours)]


def test_a_picture_of_many_products_is_left_out_unless_it_is_the_only_one() -> None:
    many = PLACEHOLDER + 1
    shown = [[f"main {k}", "logo", f"back {k}"] for k in range(many)] + [["logo"], [], ["x", "x"]]
    assert without_placeholders(shown) == [
        *([f"main {k}", f"back {k}"] for k in range(many)),
        ["logo"],
        [],
        ["x"],
    ]
    fewer = [[f"main {k}", "logo"] for k in range(PLACEHOLDER)]
    assert without_placeholders(fewer) == fewer


def test_a_product_gets_the_pooled_bottleneck_of_its_pictures(folder: Path) -> None:
    pictures = shades(folder, 0, 3)
    computed = compute([pictures[0], None], folder, [tuple(pictures[1:]), ()])
    alone = compute([*pictures], folder, [])[np.arange(3)]
    assert np.array_equal(computed[ONE], pool(alone[None]))
    assert computed.present.tolist() == [True, False]
    assert computed[TWO][1].tolist() == [0, 0, 0]


def test_products_without_further_pictures_keep_their_bottlenecks(folder: Path) -> None:
    images: list[Image | None] = [*shades(folder, 0, 3), None]
    before = compute(images, folder, [])
    after = compute(images, folder, [(), (), (), ()])
    assert (before.rows.tolist(), before.mains) == (after.rows.tolist(), after.mains)
    assert len(before.vectors) == len(after.vectors) == 3
    logo = picture(folder, "logo.jpg", "black")
    mixed = compute(images, folder, [(logo, *shades(folder, 60, 1)), (), (), ()])
    rows = np.array([1, 2, 3])
    assert np.array_equal(mixed[rows], before[rows])


def test_a_logo_of_many_products_changes_no_bottleneck(folder: Path) -> None:
    mains: list[Image | None] = [*shades(folder, 0, PLACEHOLDER + 1)]
    backs = shades(folder, 150, PLACEHOLDER + 1)
    logo = picture(folder, "logo.jpg", "black")
    rows = np.arange(len(mains))
    alone = compute(mains, folder, [(back,) for back in backs])
    with_logo = compute(mains, folder, [(logo, back) for back in backs])
    assert np.array_equal(with_logo[rows], alone[rows])
    fewer = compute(mains[:2], folder, [(logo, backs[0]), (logo, backs[1])])
    assert not np.array_equal(
        fewer[TWO], alone[TWO]
    )  # a picture of few products is not a placeholder


def test_a_missing_picture_is_reported_and_the_others_are_pooled(folder: Path) -> None:
    main, *others = shades(folder, 0, 4)
    (folder / str(others[1].file)).unlink()
    computed = compute([main, None], folder, [tuple(others), (others[1], others[2])])
    assert computed.lost == (f"{others[1].file}: No such file or directory",)
    expected = compute([main, None], folder, [(others[0], others[2]), (others[2],)])
    assert np.array_equal(computed[TWO], expected[TWO])
    assert computed.present.tolist() == [True, True]


def test_a_pooled_bottleneck_is_read_from_the_cache_next_time(
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


def test_products_with_the_same_main_picture_share_its_row(folder: Path) -> None:
    main, *others = shades(folder, 0, 5)
    computed = compute([main, main], folder, [tuple(others[:2]), tuple(others[2:])])
    assert computed.main[0] == computed.main[1] >= 0
    assert computed.rows[0] != computed.rows[1]
