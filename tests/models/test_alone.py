"""A product gets the same score, to the last digit, alone and among others, on every processor.

The orders in which a matrix product adds up differ between numbers of rows, and between kernels of
OpenBLAS and oneDNN; so these tests are run once more under other kernels than this processor's.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from product_classifier.features.bottlenecks import Bottlenecks
from product_classifier.features.dataset_features import Features
from product_classifier.features.neighbours import highest_similarity, nearest
from product_classifier.models import scikit
from product_classifier.models.base import Fit
from product_classifier.models.choices import LOGIT_ADJUST, Balance
from product_classifier.models.fusion import fit_late, fit_stack
from product_classifier.models.late_fusion import fit_blend
from product_classifier.models.network import Network, softmax
from product_classifier.models.novelty import _scores
from product_classifier.models.scikit import fit_forest, fit_linear, fit_logistic
from product_classifier.models.training import Trained, predict_paths, train
from tests.conftest import ROOT

CLASSES, ROWS, WIDTH = 13, 400, 37  # not multiples of a processor's vector sizes
LABELS = [(k % CLASSES,) for k in range(ROWS)]
TRAIN, TUNING, TEST = np.arange(260), np.arange(260, 330), np.arange(330, ROWS)
PATHS = np.stack([np.arange(CLASSES), CLASSES + np.arange(CLASSES) // 12], axis=1)
KERNELS = {  # of OpenBLAS, with the environment that selects them
    "Haswell": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "Nehalem": {"ONEDNN_MAX_CPU_ISA": "SSE41", "OPENBLAS_NUM_THREADS": "1"},
}

Values = NDArray[np.float64]


@functools.cache
def both() -> Features:
    """Words and pictures with little information, dense and sparse, with numbers of all sizes."""
    generator = np.random.default_rng(0)
    bags = generator.random((ROWS, 60)) * (generator.random((ROWS, 60)) < 0.1)
    vectors = generator.lognormal(sigma=2, size=(ROWS, WIDTH))
    vectors[np.arange(ROWS), [label for (label,) in LABELS]] *= 3
    rows = np.where(generator.random(ROWS) < 0.9, np.arange(ROWS), -1)
    pictures = Bottlenecks(vectors.astype(np.float32), rows, ())
    return Features(csr_matrix(bags.astype(np.float32)), pictures)


MODELS: dict[str, tuple[Fit, Features]] = {
    "logistic": (fit_logistic, both().pictures_alone),
    "linear": (fit_linear, both().pictures_alone),
    "linear of words": (fit_linear, both().words_alone),
    "logistic of both": (fit_logistic, both()),
    "forest": (fit_forest, both().pictures_alone),
    "blend": (functools.partial(fit_blend, members=(fit_linear, fit_logistic)), both()),
    "late": (functools.partial(fit_late, words=fit_linear, pictures=fit_logistic), both()),
    "stack": (functools.partial(fit_stack, words=fit_linear, pictures=fit_logistic), both()),
}


@functools.cache
def trained(name: str) -> tuple[Trained, Features]:
    fit, features = MODELS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scikit, "TREES", 15)
        balance = Balance(LOGIT_ADJUST, 0.5)
        found = train(features, LABELS, TRAIN, TUNING, CLASSES, fit=fit, balance=balance)
    return found, features


def same_alone(judge: Callable[[NDArray[np.int64]], Values], rows: NDArray[np.int64]) -> None:
    together = judge(rows)
    assert len(np.unique(together[np.isfinite(together)])) > 0.5 * len(rows)
    assert np.array_equal(judge(rows[::-1])[::-1], together, equal_nan=True)
    for size in (1, 2, 7):
        parts = [judge(rows[start : start + size]) for start in range(0, len(rows), size)]
        assert np.array_equal(np.concatenate(parts), together, equal_nan=True)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_gives_a_product_the_same_scores_alone(name: str) -> None:
    model, features = trained(name)

    def judge(rows: NDArray[np.int64]) -> Values:
        _, score, uncalibrated = predict_paths(model, features, rows, PATHS)
        return np.concatenate([score, uncalibrated, model.classifier.logits(rows)], axis=1)

    same_alone(judge, TEST)


@pytest.mark.parametrize("features", [both(), both().pictures_alone, both().words_alone])
def test_a_network_gives_a_product_the_same_scores_alone(features: Features) -> None:
    network = Network.new(features, TRAIN, CLASSES, seed=0)
    same_alone(lambda rows: np.asarray(network.logits(rows), np.float64), TEST[:30])


def test_a_products_novelty_is_the_same_alone() -> None:
    model, features = trained("late")

    def judge(rows: NDArray[np.int64]) -> Values:
        return _scores(model, features, TUNING, rows, TRAIN)[1]

    same_alone(judge, TEST[:30])


@pytest.mark.parametrize("features", [both(), both().pictures_alone, both().words_alone])
def test_a_products_similarities_are_the_same_alone(features: Features) -> None:
    same_alone(lambda rows: np.stack(nearest(features, rows), axis=2), TEST)
    if features.words is None or features.pictures is None:
        same_alone(lambda rows: highest_similarity(features, rows, TRAIN), TEST)


def test_a_forest_gives_the_same_scores_each_time() -> None:
    classifier = trained("forest")[0].classifier
    first = classifier.logits(TEST)
    assert all(np.array_equal(classifier.logits(TEST), first) for _ in range(20))


def test_probabilities_do_not_depend_on_the_memory_layout_of_logits() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (50, 39))
    assert np.array_equal(softmax(np.asfortranarray(logits)), softmax(logits))


@pytest.mark.slow
@pytest.mark.skipif("PRODUCT_CLASSIFIER_KERNEL" in os.environ, reason="this is one of these runs")
@pytest.mark.parametrize("kernel", KERNELS)
def test_these_tests_pass_with_another_kernel(kernel: str) -> None:
    known = {one.get("architecture") for one in threadpool_info()}
    if not known & {"Haswell", "SkylakeX", "Zen", "Nehalem"}:
        pytest.skip("the processor or its BLAS has no choice of these kernels")
    settings = {"OPENBLAS_CORETYPE": kernel, **KERNELS[kernel]}
    fusion = "tests/models/test_fusion.py::test_a_prediction_does_not_depend_on_what_others_lack"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", __file__, fusion],
        env={**os.environ, **settings, "PRODUCT_CLASSIFIER_KERNEL": kernel},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_kernel_is_the_requested_one() -> None:
    asked = os.environ.get("PRODUCT_CLASSIFIER_KERNEL")
    if asked is None:
        pytest.skip("none was")
    assert {one["architecture"] for one in threadpool_info() if "architecture" in one} == {asked}
