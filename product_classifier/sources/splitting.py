"""More than a source hands out for one query: cut it until each part is small enough.

ShopStyle stops at 5,000 products, eBay at 10,000, Etsy at 12,000, whatever their totals say. All of
them can filter by price, and prices can be halved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

HIGHEST_PRICE = 2**20  # in whole units of the currency


class PriceRange(NamedTuple):
    """Prices from one to another, in whole units of the currency."""

    low: int
    high: int

    def halves(self) -> tuple[PriceRange, ...]:
        """Cut in two of about as many products each: prices crowd where they are low."""
        if self.high - self.low < 2:
            return ()
        middle = round(((self.low + 1) * (self.high + 1)) ** 0.5) - 1
        middle = min(max(middle, self.low + 1), self.high - 1)
        return PriceRange(self.low, middle), PriceRange(middle, self.high)


def price_ranges(
    count: Callable[[PriceRange], int], reachable: int, whole: PriceRange | None = None
) -> Iterator[tuple[PriceRange, bool]]:
    """Cut all prices into ranges of at most `reachable` products, the empty ones left out.

    count: how many products a range holds. Yields each range, cheapest first, and whether it fits:
    one that is a single unit wide cannot be cut further. Neighbours share a bound, so that nothing
    falls between them, whether or not a source counts its bounds in.
    """
    whole = whole or PriceRange(0, HIGHEST_PRICE)
    found = count(whole)
    if found <= reachable or not whole.halves():
        if found:
            yield whole, found <= reachable
        return
    for half in whole.halves():
        yield from price_ranges(count, reachable, half)
