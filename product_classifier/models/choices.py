"""The models by the names of the command line, and the fit of what a user chose."""

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


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The choices that define a categorizer, from the command line."""

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


def choices_of(options: Mapping[str, Any]) -> Choices:
    """Return the choices among options; the default for one that is None or missing."""
    names = (field.name for field in dataclasses.fields(Choices))
    return Choices(**{name: options[name] for name in names if options.get(name) is not None})


@dataclass(frozen=True)
class WordModel:
    """A model of words, and the vectors that it reads."""

    about: str
    fit: Callable[[Choices], Fit]
    vectorizer: str = BAG
    clean: str = BASIC  # the default cleaning of texts


def _embedding(choices: Choices) -> Fit:
    def fit(task: Task) -> Fitted:
        words, vocabulary = task.features.words, task.features.vocabulary
        if words is None:
            raise ValueError("word vectors need features of words")
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

LEVELLED = ("network", "embedding", "sequence")  # models of a single network

LATE, STACK = "late", "stack"
JOINED = (CONCAT, PRODUCT, CONCAT_DENSE)  # one network over both
APART: Mapping[str, Callable[..., Fitted]] = {LATE: fit_late, STACK: fit_stack}
FUSIONS = (*JOINED, *APART)


def fit_of(choices: Choices) -> Fit:
    """Return the fit of the chosen categorizer of words, images or both."""
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
    """Return the choices as an experiment records them."""
    settings: dict[str, Any] = {}
    if choices.kind != "images":
        settings["model"] = choices.model
    if choices.kind != "words":
        settings["head"] = ",".join(map(str, choices.head)) or "softmax"
    if choices.kind == "both":
        settings["fusion"] = choices.fusion
    if choices.vectors:
        settings["vectors"] = choices.vectors.name
    if choices.levels:
        settings["heads"] = "levels"
    if choices.max_per_category_train:
        settings["max_per_category_train"] = choices.max_per_category_train
    return settings


def _balanced(fit: Fit, balance: Balance) -> Fit:
    """Return a fit that trains on the weighted or drawn rows of a balance."""

    def balanced(task: Task) -> Fitted:
        learning = balance.apply(task.learning, task.classes, task.seed)
        return fit(dataclasses.replace(task, learning=learning))

    return balanced
