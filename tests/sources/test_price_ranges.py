"""Price ranges with no more products than a source returns, for any prices."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from product_classifier.sources.shopstyle import HIGHEST_PRICE, PriceRange, price_ranges

PRICES = st.lists(
    st.one_of(st.floats(0, 300), st.floats(0, HIGHEST_PRICE), st.just(9.99)), max_size=300
)


def within(prices: list[float], cut: PriceRange) -> list[float]:
    return [price for price in prices if cut.low <= price <= cut.high]


@given(PRICES, st.integers(1, 50))
def test_every_price_is_in_a_range_and_only_ranges_of_one_unit_have_too_many_products(
    prices: list[float], reachable: int
) -> None:
    cuts = list(price_ranges(lambda cut: len(within(prices, cut)), reachable))
    assert {price for cut, _ in cuts for price in within(prices, cut)} == set(prices)
    for cut, fits in cuts:
        assert fits == (len(within(prices, cut)) <= reachable)
        assert fits or cut.high - cut.low == 1


def test_ranges_are_in_order_and_few_of_them_are_counted() -> None:
    prices = [k / 10 for k in range(50_000)]
    counted = []

    def count(cut: PriceRange) -> int:
        counted.append(cut)
        return len(within(prices, cut))

    cuts = [cut for cut, _ in price_ranges(count, 5_000)]
    assert cuts == sorted(cuts)
    assert len(counted) < 60
