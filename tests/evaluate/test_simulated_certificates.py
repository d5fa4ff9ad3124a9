"""In simulated catalogues certificates hold as often as stated; thresholds in hindsight do not."""

from __future__ import annotations

import numpy as np
import pytest

from product_classifier.evaluate.certificate import certify
from product_classifier.evaluate.coverage import coverage
from tests.evaluate.simulated import SHAPES, products

CATALOGUES, EVERYBODY, PRODUCTS, TARGET = 200, 20_000, 1000, 0.95


@pytest.mark.parametrize("shape", SHAPES)
def test_at_most_one_certificate_in_twenty_fails(shape: str) -> None:
    everybody = products(shape, np.random.default_rng(0), EVERYBODY)
    broken = np.zeros(2, dtype=int)
    for catalogue in range(CATALOGUES):
        rng = np.random.default_rng([catalogue, 1])
        some = products(shape, rng, PRODUCTS)
        score, right = some.score[:, 0], some.drawn(rng)[:, 0]
        kept = certify(score, right, TARGET)
        assert kept
        for k, threshold in enumerate((kept.threshold, coverage(score, right, TARGET).threshold)):
            chosen = everybody.score[:, 0] >= (threshold or 0)
            broken[k] += everybody.chance[chosen, 0].mean() < TARGET
    certified, hindsight = broken / CATALOGUES
    assert certified <= 0.05 + 3 * (0.05 * 0.95 / CATALOGUES) ** 0.5
    assert hindsight > 0.3
