"""Scikit-learn's models over words and bottlenecks: their fits, and one Classifier for all."""

from __future__ import annotations

import dataclasses
import math
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from product_classifier.errors import ModelError
from product_classifier.evaluate.reliability import fit_temperature
from product_classifier.features.dataset_features import Features
from product_classifier.features.exact_products import products, to_integers
from product_classifier.models.base import Classifier, Fitted, Score, State, Targets, Task, one_of
from product_classifier.models.base import whole as whole_number
from product_classifier.models.choices import ELASTIC, L1, L2
from product_classifier.models.network import softmax
from product_classifier.models.scaling import Scaling
from product_classifier.models.scikit_state import (
    FOREST,
    LINEAR,
    LOGISTIC,
    array_names,
    kind_of,
    model_arrays,
    restored_model,
)

MIXTURES = {L2: 0.0, ELASTIC: 0.5, L1: 1.0}  # share of the absolute values in the penalty
STRENGTH = 1.0  # inverse, of the regularization
SEARCHED = (0.01, 1000.0)  # strengths, drawn evenly on the logarithm
ROUNDS = 1000
TREES = 100
UNKNOWN = -30.0  # logit of a category without training products


def fit_logistic(task: Task, penalty: str = L2, search: int | None = None) -> Fitted:
    """Train a multinomial logistic regression.

    search: the number of random strengths of the regularization to try, with random mixtures of
    penalties if the penalty is elastic; the tuning rows choose. Raises ModelError if search is
    given without tuning rows.
    """
    if search is None:
        return _logistic(task, STRENGTH, MIXTURES[penalty])
    if not len(task.tuning.rows):
        raise ModelError("--search needs tuning products, and there are none; leave out --search")
    generator = np.random.default_rng(task.seed)
    lowest, highest = map(math.log, SEARCHED)
    candidates: list[tuple[float, Fitted]] = []
    for _ in task.console.progress(range(search), "searched", search):
        strength = math.exp(generator.uniform(lowest, highest))
        mixture = generator.uniform() if penalty == ELASTIC else MIXTURES[penalty]
        fitted = _logistic(task, strength, mixture)
        candidates.append((_tuning_score(task, fitted).loss, fitted))
    best = min(candidates, key=lambda candidate: candidate[0])[1]
    return Fitted(best.classifier, best.parameters, {**best.settings, "searched": search})


def fit_forest(task: Task) -> Fitted:
    """Train a forest of 100 trees."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(TREES, n_jobs=-1, random_state=task.seed)
    fitted = _fit(task, forest)
    nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    return Fitted(fitted, nodes * (len(forest.classes_) + 2), {"trees": TREES})


def fit_linear(task: Task) -> Fitted:
    """Train a linear support vector machine, one category against the others.

    Its margins are used as logits, which the temperature calibrates.
    """
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=STRENGTH, random_state=task.seed)
    fitted = _fit(task, machine)
    parameters = machine.coef_.size + machine.intercept_.size
    settings = {"strength": STRENGTH}

    def refit(learning: Targets) -> Classifier:
        return fit_linear(dataclasses.replace(task, learning=learning)).classifier

    return Fitted(fitted, parameters, settings, refit=refit)


def _logistic(task: Task, strength: float, mixture: float) -> Fitted:
    from sklearn.linear_model import LogisticRegression

    solver = "saga" if mixture else "lbfgs"  # lbfgs supports l2 alone
    rounds = ROUNDS if not mixture else ROUNDS // 10
    regression = LogisticRegression(
        C=strength, l1_ratio=mixture, solver=solver, max_iter=rounds, random_state=task.seed
    )
    fitted = _fit(task, regression)
    settings = {"strength": round(strength, 6), "l1_share": round(mixture, 6)}
    used = np.count_nonzero(regression.coef_) + regression.intercept_.size
    return Fitted(fitted, int(used), settings)


def _fit(task: Task, model: Any) -> ScikitClassifier:
    scaling = None
    if task.features.pictures is not None:
        scaling = Scaling.fit(task.features.pictures, np.unique(task.learning.rows))
    classifier = ScikitClassifier(model, task.features, scaling, task.classes)
    if len(np.unique(task.learning.labels)) < 2:
        raise ModelError("the products to learn from are all in one category")
    fit_quietly(model, classifier.inputs(task.learning.rows), task.learning)
    return classifier


def fit_quietly(
    model: Any, inputs: csr_matrix | NDArray[np.floating[Any]], targets: Targets
) -> None:
    """Fit a model and ignore warnings that it has not converged: the tuning rows evaluate it."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=ConvergenceWarning)
        warnings.filterwarnings(
            "ignore", "The number of unique classes"
        )  # few products in a category
        model.fit(inputs, targets.labels, targets.weights)


@dataclass(frozen=True)
class ScikitClassifier:
    """A fitted model of scikit-learn over features."""

    model: Any
    features: Features
    scaling: Scaling | None
    classes: int

    def state(self) -> State:
        """Return everything a prediction depends on, to be saved."""
        numbers = {"model": kind_of(self.model), "classes": self.classes}
        scaling = self.scaling.arrays if self.scaling else {}
        return State("scikit", numbers, {**model_arrays(self.model), **scaling})

    def inputs(self, rows: NDArray[np.int64]) -> csr_matrix | NDArray[np.float32]:
        """Return the model's inputs for items, [rows, columns]."""
        words, pictures = self.features.words, self.features.pictures
        if words is not None and pictures is None:
            return words[rows]
        if pictures is None or self.scaling is None:
            raise ValueError("there are neither words nor pictures")
        values = self.scaling.apply(pictures, rows)
        return values if words is None else csr_matrix(hstack([words[rows], csr_matrix(values)]))

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the logits of items, [rows, classes]."""
        logits = np.full((len(rows), self.classes), UNKNOWN)
        if not len(rows):
            return logits
        inputs, kind = self.inputs(rows), kind_of(self.model)
        if kind == LINEAR:
            values = margins(self.model, inputs)
            if values.shape[1] == 1:  # of two categories, it is the margin of the second
                values = np.concatenate([-values, values], axis=1)
        else:
            probabilities = logistic if kind == LOGISTIC else forest_shares
            values = np.log(np.maximum(probabilities(self.model, inputs), math.exp(UNKNOWN)))
        logits[:, self.model.classes_] = values
        return logits


def margins(model: Any, inputs: csr_matrix | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the margins of a linear model, [rows, classes], or [rows, 1] for two classes.

    The rounding of a row is independent of the other rows, unlike scikit-learn's.
    """
    if isinstance(inputs, csr_matrix):  # sums each row in the order of its columns
        return np.asarray(inputs @ model.coef_.T + model.intercept_, np.float64)
    return np.asarray(products(to_integers(inputs), to_integers(model.coef_)) + model.intercept_)


def logistic(model: Any, inputs: csr_matrix | NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the probabilities of a logistic regression, [rows, classes]."""
    values = margins(model, inputs)
    if values.shape[1] == 1:
        values = np.concatenate([np.zeros_like(values), values], axis=1)
    return softmax(values)


def forest_shares(
    forest: Any, inputs: csr_matrix | NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """Return the mean of the class shares in the trees' leaves, [rows, classes].

    Each thread computes a part of the rows; threads over trees would sum in a random order.
    """
    if hasattr(forest, "n_jobs"):  # scikit-learn's; a restored forest has no threads
        forest.set_params(n_jobs=1)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = np.array_split(np.arange(inputs.shape[0]), os.cpu_count() or 1)
        chunks = [inputs[part] for part in parts if len(part)]
        return np.concatenate(list(pool.map(forest.predict_proba, chunks)))


def restored_scikit(state: State, features: Features, classes: int) -> ScikitClassifier:
    """Return a classifier from its state, over new features. Raises ValueError if it does not fit.

    classes: the number of categories, including those without training products.
    """
    numbers = state.numbers
    scaling = Scaling.of(state.arrays, features)
    kind = one_of(numbers.get("model"), "the model", (LOGISTIC, LINEAR, FOREST))
    names = (*array_names(kind), *(scaling.arrays if scaling else ()))
    state.insist_on(("model", "classes"), names)
    whole_number(numbers["classes"], "the number of categories", classes, classes)
    columns = features.columns + features.width
    model = restored_model(kind, state.arrays, columns, classes)
    return ScikitClassifier(model, features, scaling, classes)


def _tuning_score(task: Task, fitted: Fitted) -> Score:
    """Return the score on the tuning rows at the best temperature."""
    tuning = task.tuning
    logits = fitted.classifier.logits(tuning.rows)
    temperature = fit_temperature(logits, tuning.labels, tuning.weights)
    return tuning.score(softmax(np.asarray(logits) / temperature))
