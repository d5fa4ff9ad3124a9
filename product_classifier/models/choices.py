"""The models that there are, by the names that users choose them by."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from product_classifier.features.cleaning import BASIC
from product_classifier.features.text_vectors import BAG, NGRAMS, SEQUENCE
from product_classifier.features.word_vectors import read_vectors, train_vectors
from product_classifier.models.balance import AS_THEY_ARE, Balance
from product_classifier.models.base import Fit, Fitted, Task
from product_classifier.models.blend import fit_blend
from product_classifier.models.fitting import fit_network, network_fit
from product_classifier.models.fusion import fit_late, fit_stack
from product_classifier.models.layers import CONCAT, CONCAT_DENSE, PRODUCT, VECTORS, Design
from product_classifier.models.scikit import L2, fit_forest, fit_linear, fit_logistic

WORD_DROPOUT = 0.3


@dataclass(frozen=True)
class Choices:
    """What a categorizer is to be."""

    kind: str = "words"  # 'words', 'images' or 'both'
    model: str = "network"  # of words, see WORD_MODELS
    fusion: str = CONCAT  # of both, see FUSIONS
    head: tuple[int, ...] = ()
    penalty: str = L2
    search: int | None = None
    vectors: Path | None = None
    modality_dropout: float = 0.0
    balance: Balance = AS_THEY_ARE
    max_per_category_train: int | None = None
    novelty: bool = False
    levels: bool = False  # a head for each level of the tree, see LEVELLED
    seed: int = 0


DEFAULTS = Choices()


def choices_of(given: Mapping[str, Any]) -> Choices:
    """Take from options what was chosen; what is None, or missing, is as usual."""
    names = (field.name for field in dataclasses.fields(Choices))
    return Choices(**{name: given[name] for name in names if given.get(name) is not None})


@dataclass(frozen=True)
class WordModel:
    """A model of words, with the vectors that it reads."""

    about: str
    fit: Callable[[Choices], Fit]
    vectorizer: str = BAG
    clean: str = BASIC  # unless another is asked for


def _embedding(choices: Choices) -> Fit:
    def fit(task: Task) -> Fitted:
        words, vocabulary = task.features.words, task.features.vocabulary
        if words is None:
            raise ValueError("word vectors are of words")
        if choices.vectors:
            vectors = read_vectors(choices.vectors, vocabulary)
        else:
            vectors = train_vectors(words[sorted(set(task.learning.rows.tolist()))], task.seed)
        return fit_network(task, Design(encoder=VECTORS, vectors=vectors))

    return fit


def _blend(choices: Choices) -> Fit:
    network = network_fit(Design(encoder=NGRAMS, word_dropout=WORD_DROPOUT))
    return functools.partial(fit_blend, members=(fit_linear, network))


WORD_MODELS: Mapping[str, WordModel] = {
    "network": WordModel("a hidden layer over a bag of words", lambda _: fit_network),
    "logistic": WordModel(
        "logistic regression on a bag of words",
        lambda choices: functools.partial(
            fit_logistic, penalty=choices.penalty, search=choices.search
        ),
    ),
    "forest": WordModel("100 trees on a bag of words", lambda _: fit_forest),
    "linear": WordModel("support vectors on n-grams", lambda _: fit_linear, NGRAMS),
    "embedding": WordModel("the mean of word vectors, and a hidden layer", _embedding),
    "sequence": WordModel(
        "the first nine stems by place",
        lambda _: network_fit(Design(encoder=SEQUENCE)),
        SEQUENCE,
        "stemmed",
    ),
    "blend": WordModel("linear and a network on n-grams, averaged", _blend, NGRAMS),
}

LEVELLED = ("network", "embedding", "sequence")  # models that are one network

LATE, STACK = "late", "stack"
JOINED = (CONCAT, PRODUCT, CONCAT_DENSE)  # one network over both
APART: Mapping[str, Callable[..., Fitted]] = {LATE: fit_late, STACK: fit_stack}
FUSIONS = (*JOINED, *APART)


def fit_of(choices: Choices) -> Fit:
    """Find the fit of a categorizer of words, images or both."""
    pictures = network_fit(Design(head=choices.head))
    if choices.kind == "images":
        return pictures
    words = WORD_MODELS[choices.model].fit(choices)
    if choices.kind == "words":
        return words
    if choices.fusion in APART:
        return functools.partial(
            APART[choices.fusion],
            words=_balanced(words, choices.balance),
            pictures=_balanced(pictures, choices.balance),
        )
    return network_fit(
        Design(head=choices.head, joint=choices.fusion, modality_dropout=choices.modality_dropout)
    )


def recorded(choices: Choices) -> dict[str, Any]:
    """Name what was chosen, as an experiment records it."""
    found: dict[str, Any] = {}
    if choices.kind != "images":
        found["model"] = choices.model
    if choices.kind != "words":
        found["head"] = ",".join(map(str, choices.head)) or "softmax"
    if choices.kind == "both":
        found["fusion"] = choices.fusion
    if choices.vectors:
        found["vectors"] = choices.vectors.name
    if choices.levels:
        found["heads"] = "levels"
    if choices.max_per_category_train:
        found["max_per_category_train"] = choices.max_per_category_train
    return found


def _balanced(fit: Fit, balance: Balance) -> Fit:
    """Train on weighed or drawn rows."""

    def balanced(task: Task) -> Fitted:
        learning = balance.apply(task.learning, task.classes, task.seed)
        return fit(dataclasses.replace(task, learning=learning))

    return balanced
