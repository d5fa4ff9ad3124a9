"""True accuracy, estimated from noisy recorded labels and a sample that a person decides.

The person decides a simple random sample of the products. The recorded labels say of every product
whether its prediction is right, so the sample is split into two strata of known size: recorded
right and recorded wrong. This removes most of the sampling error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammainccinv

from product_classifier.evaluate.accuracy import interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Accuracy by the recorded labels, and true accuracy as estimated from the sample."""

    recorded: float  # nan without products
    recorded_interval: tuple[float, float]  # for products like these
    audited: float
    audited_interval: tuple[float, float]  # for these very products
    total: int
    sampled: int
    doubtful: int = 0  # of those sampled: the true category is unclear


@dataclass(frozen=True, slots=True)
class _Stratum:
    total: int
    sampled: int
    right: int  # of those sampled


def audited(
    recorded_right: NDArray[np.bool_],
    sampled: NDArray[np.int64],
    truly_right: NDArray[np.bool_],
    doubtful: NDArray[np.bool_] | None = None,
    confidence: float = 0.95,
) -> Audited:
    """Estimate the true accuracy of n products from a simple random sample of m products.

    recorded_right: [n], whether the recorded labels call the prediction right. sampled: [m], rows
    drawn at random without replacement, independent of the recorded labels. truly_right: [m], the
    person's decisions. doubtful: [m], products that the person could not decide: they count as
    wrong in the lower limit, as right in the upper limit and as half in the estimate. The estimate
    weighs the share of each stratum by its size; for a stratum without sampled products, it takes
    the recorded labels as true.

    Both intervals are exact: they hold at least as often as stated, for any noise. The recorded one
    is Clopper and Pearson's. The audited one collects the numbers of truly right products in
    the two strata that the sample does not contradict: P(X >= x), hypergeometric since strata are
    finite, joined over strata by Fisher's product of independent p-values (Statistical Methods for
    Research Workers, 4th edition, 1932), and the same from above, each at (1 - confidence) / 2.

    Raises ValueError for sampled rows that are out of range or repeated.
    """
    total = len(recorded_right)
    if len(sampled) and not 0 <= sampled.min() <= sampled.max() < total:
        raise ValueError(f"sampled rows must be among the {total} products, 0 to {total - 1}")
    if len(np.unique(sampled)) != len(sampled):
        raise ValueError("sampled rows must differ: decide each product once")
    if not total:
        return Audited(
            recorded=float("nan"),
            recorded_interval=(0.0, 1.0),
            audited=float("nan"),
            audited_interval=(0.0, 1.0),
            total=0,
            sampled=0,
        )
    unsure = np.zeros(len(sampled), dtype=bool) if doubtful is None else doubtful
    (good, bad), (good_above, bad_above) = (
        [
            _stratum(recorded_right == recorded, recorded_right[sampled] == recorded, right)
            for recorded in (True, False)
        ]
        for right in (truly_right & ~unsure, truly_right | unsure)
    )
    tail = (1 - confidence) / 2
    low = _fewest_right(good, bad, tail)
    high = total - _fewest_right(_mirrored(good_above), _mirrored(bad_above), tail)
    estimate = (
        sum(_expected(stratum, stratum.total) for stratum in (good, good_above))
        + sum(_expected(stratum, 0) for stratum in (bad, bad_above))
    ) / 2
    return Audited(
        recorded=good.total / total,
        recorded_interval=interval(good.total, total, confidence),
        # the estimate may be outside the interval by a fraction of a product
        audited=min(max(estimate, low), high) / total,
        audited_interval=(low / total, high / total),
        total=total,
        sampled=len(sampled),
        doubtful=int(unsure.sum()),
    )


def _stratum(
    members: NDArray[np.bool_], sampled: NDArray[np.bool_], truly_right: NDArray[np.bool_]
) -> _Stratum:
    return _Stratum(int(members.sum()), int(sampled.sum()), int(truly_right[sampled].sum()))


def _mirrored(stratum: _Stratum) -> _Stratum:
    """Return the stratum with right and wrong swapped."""
    return _Stratum(stratum.total, stratum.sampled, stratum.sampled - stratum.right)


def _expected(stratum: _Stratum, unseen: int) -> float:
    """Estimate how many products of a stratum are right; `unseen` if none is sampled."""
    return stratum.total * stratum.right / stratum.sampled if stratum.sampled else unseen


def _fewest_right(first: _Stratum, second: _Stratum, tail: float) -> int:
    """Return a lower bound on the right products of two strata, wrong with a chance <= tail."""
    p, q = _at_least(first), _at_least(second)
    # -ln of the product of d uniform numbers has a gamma distribution of shape d; strata that are
    # sampled wholly or not at all have p-values of 0 or 1 only and do not count
    partly = sum(0 < stratum.sampled < stratum.total for stratum in (first, second))
    product = np.exp(-gammainccinv(max(partly, 1), tail))
    start = np.searchsorted(p, product)
    others = np.searchsorted(q, product / p[start:] * (1 - 1e-9))  # rounding must not shorten
    return int((np.arange(start, len(p)) + others).min())


def _at_least(stratum: _Stratum) -> NDArray[np.float64]:
    """Return the probability of a sample with at least this many right products, [total + 1].

    Entry k is the probability if the stratum has k right products. Line the stratum up with its
    right products in front: x or more of the sample are right if the x-th sampled place is at most
    k. That place is x plus a beta-binomial number, where Clopper and Pearson's bound has a beta
    distribution.
    """
    if not stratum.right:
        return np.ones(stratum.total + 1)
    rest, a = stratum.total - stratum.sampled, stratum.right
    b = stratum.sampled - stratum.right + 1
    k = np.arange(rest + 1)
    choose = -np.log(rest + 1) - betaln(k + 1, rest - k + 1)
    chance = np.cumsum(np.exp(choose + betaln(k + a, rest - k + b) - betaln(a, b)))
    certain = np.ones(b)  # too few wrong products for a sample with fewer right ones
    return np.concatenate([np.zeros(a), np.minimum(chance[:-1], 1.0), certain])
