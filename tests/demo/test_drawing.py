"""The demo's pictures: reproducible, of every size, and different for each kind of product."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from demo.catalogue.appearance import appearance_of, other_colour
from demo.catalogue.measures import KINDS, LEAF_LOOKS
from demo.catalogue.products import DemoProduct, make_catalogue
from demo.catalogue.random_streams import stream
from demo.catalogue.tree import LEAVES
from demo.drawing.backdrop import BACKDROPS
from demo.drawing.curves import along, ribbon, span, spline, symmetric
from demo.drawing.draw import STAGINGS, draw, draw_appearance
from demo.drawing.palette import COLOURS
from demo.drawing.patterns import PATTERNS

Products = dict[str, DemoProduct]
SMALL = (82, 103)


def pixels(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(picture, dtype=np.float64)


@pytest.fixture(scope="module")
def one_of_each() -> Products:
    made = make_catalogue(0, 27).products
    return {product.true_categories[0]: product for product in made}


def test_every_kind_of_drawing_has_measures_and_a_staging() -> None:
    used = {kind for looks in LEAF_LOOKS.values() for _, kind, _ in looks}
    assert used == set(KINDS) == set(STAGINGS)
    assert set(LEAF_LOOKS) == set(LEAVES)


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_picture_shows_something_in_its_middle(leaf: str, one_of_each: Products) -> None:
    picture = pixels(draw(one_of_each[leaf], SMALL))
    rim = np.median(picture[:4].reshape(-1, 3), axis=0)
    differs = np.abs(picture - rim).max(axis=2) > 40
    assert differs[20:80, 15:67].mean() > 0.03


def test_no_two_leaves_have_the_same_picture(one_of_each: Products) -> None:
    pictures = {draw(product, SMALL).tobytes() for product in one_of_each.values()}
    assert len(pictures) == len(LEAVES)


def test_a_product_is_always_drawn_the_same(one_of_each: Products) -> None:
    for leaf in ("jeans", "dresses", "sandals"):
        product = next(p for name, p in one_of_each.items() if leaf in name)
        assert draw(product).tobytes() == draw(product).tobytes()


def test_a_drawing_does_not_depend_on_other_drawings(one_of_each: Products) -> None:
    first, second = list(one_of_each.values())[:2]
    alone = draw(first, SMALL).tobytes()
    draw(second, SMALL)
    assert draw(first, SMALL).tobytes() == alone


@pytest.mark.parametrize("size", [(32, 40), (100, 125), (328, 410), (720, 900), (200, 100)])
def test_a_picture_has_the_requested_size(size: tuple[int, int], one_of_each: Products) -> None:
    picture = draw(one_of_each["hats"], size)
    assert picture.size == size
    assert picture.mode == "RGB"


def test_a_small_picture_resembles_a_large_one(one_of_each: Products) -> None:
    product = one_of_each["tote-bags"]
    large = pixels(draw(product, (328, 410)).resize(SMALL, Image.Resampling.BOX))
    assert np.abs(large - pixels(draw(product, SMALL))).mean() < 12


def test_another_colour_changes_the_subject_but_not_its_outline() -> None:
    look = appearance_of("tees-and-tshirts", stream("a plain tee"))
    look = replace(look, colour="navy", pattern="plain")
    navy, red = (pixels(draw_appearance(replace(look, colour=c), SMALL)) for c in ("navy", "red"))
    changed = np.abs(navy - red).max(axis=2) > 30
    assert 0.1 < changed.mean() < 0.6
    assert not changed[:3].any()


def test_a_wider_hem_makes_wider_jeans() -> None:
    look = appearance_of("flare-jeans", stream("jeans"))
    narrow, wide = (replace(look, shape={**look.shape, "hem": hem}) for hem in (0.1, 0.3))
    differs = np.abs(pixels(draw_appearance(narrow)) - pixels(draw_appearance(wide))).max(axis=2)
    low = differs[300:].mean()
    assert low > 2 * differs[:120].mean()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_can_be_worn(pattern: str) -> None:
    look = appearance_of("day-dresses", stream("dress"))
    plain = draw_appearance(replace(look, pattern="plain", colour="teal"), SMALL)
    worn = draw_appearance(replace(look, pattern=pattern, colour="teal"), SMALL)
    assert (worn.tobytes() == plain.tobytes()) == (pattern == "plain")


@pytest.mark.parametrize("backdrop", BACKDROPS)
def test_every_backdrop_fills_the_picture(backdrop: str) -> None:
    scene = BACKDROPS[backdrop](SMALL, stream(backdrop))
    assert scene.size == SMALL
    assert pixels(scene).min() > 20


def test_every_colour_of_a_look_is_known() -> None:
    for leaf in LEAVES:
        for number in range(30):
            rng = stream(leaf, number)
            look = appearance_of(leaf, rng)
            assert {look.colour, look.trim, other_colour(leaf, look, rng)} <= set(COLOURS)
            assert look.pattern in PATTERNS
            assert other_colour(leaf, look, rng) != look.colour


def test_a_spline_goes_through_its_points() -> None:
    points = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0), (4.0, 4.0)]
    curve = spline(points)
    for point in points:
        assert np.abs(curve - point).sum(axis=1).min() < 1e-9


def test_a_symmetric_outline_is_its_own_mirror_image() -> None:
    shape = symmetric([(0, 0), (1, 0.5)], [(1, 0.5), (0.5, 2), (0, 2)])
    assert np.allclose(shape, shape[::-1] * (-1, 1))


def test_a_span_has_a_corner_only_on_request() -> None:
    right = [(0.0, 1.0), (1.0, 0.0)]
    assert len(span(right, corner=True)) == 3
    assert len(span(right)) > 10


def test_a_ribbon_has_the_requested_width() -> None:
    band = ribbon([(0.0, 0.0), (1.0, 0.0)], 0.2)
    assert band[:, 1].min() == pytest.approx(-0.1)
    assert band[:, 1].max() == pytest.approx(0.1)


def test_points_along_a_curve_are_evenly_spaced() -> None:
    spots = along([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)], 9)
    gaps = np.hypot(*np.diff(spots, axis=0).T)
    assert np.allclose(gaps, gaps.mean(), rtol=0.05)
