"""The predicted shapes of a design's weights equal those of the network that Keras builds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.cleaning import NGRAMS, SEQUENCE
from product_classifier.features.dataset_features import Features
from product_classifier.models.choices import CONCAT, CONCAT_DENSE, PRODUCT
from product_classifier.models.layers import VECTORS, Design
from product_classifier.models.network import Network, weight_shapes
from tests.models.test_choices import read

LEVELS = np.array([[0, 0, 1], [0, 1, 2]])
PICTURES = Features(pictures=Bottlenecks(np.zeros((120, 5), np.float32), np.arange(120), ()))


@pytest.mark.slow
@pytest.mark.parametrize("levels", [None, LEVELS])
def test_weight_shapes_are_known_before_a_network_is_built(levels: np.ndarray | None) -> None:
    words = read()
    columns = words.columns - words.columns % 9
    words = Features(words=words.words[:, :columns])  # type: ignore[index]
    vectors = np.zeros((columns, 4), np.float32)
    of_words = [
        Design(encoder=NGRAMS, levels=levels),
        Design(encoder=SEQUENCE, levels=levels),
        Design(encoder=VECTORS, vectors=vectors, levels=levels),
    ]
    of_pictures = [Design(head=head, levels=levels) for head in ((), (7,), (7, 3))]
    of_both = [
        Design(joint=joint, head=head, levels=levels)
        for joint, head in itertools.product((CONCAT, PRODUCT, CONCAT_DENSE), ((), (7, 3)))
    ]
    cases = [(of_words, words), (of_pictures, PICTURES), (of_both, words | PICTURES)]
    for designs, features in cases:
        for design in designs:
            built = Network(features, None, 3, 0, design).model.get_weights()
            promised = weight_shapes(design, features.columns, features.width, 3)
            assert sorted(promised) == sorted(array.shape for array in built)
