"""The fit of the models that a user chose: from names to functions that train."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping

from product_classifier.features.cleaning import NGRAMS, SEQUENCE
from product_classifier.features.word_vectors import read_vectors, train_vectors
from product_classifier.models.balance import balanced
from product_classifier.models.base import Fit, Fitted, Task
from product_classifier.models.choices import LATE, STACK, Balance, Choices
from product_classifier.models.fitting import fit_network, network_fit
from product_classifier.models.fusion import fit_late, fit_stack
from product_classifier.models.late_fusion import fit_blend
from product_classifier.models.layers import VECTORS, Design
from product_classifier.models.scikit import fit_forest, fit_linear, fit_logistic

WORD_DROPOUT = 0.3


def fit_of(choices: Choices) -> Fit:
    """Return the fit of the chosen categorizer of words, images or both."""
    pictures = network_fit(Design(head=choices.head))
    if choices.kind == "images":
        return pictures
    words = WORD_FITS[choices.model](choices)
    if choices.kind == "words":
        return words
    if choices.fusion in FUSION_FITS:
        return functools.partial(
            FUSION_FITS[choices.fusion],
            words=_balanced(words, choices.balance),
            pictures=_balanced(pictures, choices.balance),
        )
    return network_fit(
        Design(head=choices.head, joint=choices.fusion, modality_dropout=choices.modality_dropout)
    )


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


WORD_FITS: Mapping[str, Callable[[Choices], Fit]] = {  # by the names of WORD_MODELS
    "network": lambda _: fit_network,
    "logistic": lambda choices: functools.partial(
        fit_logistic, penalty=choices.penalty, search=choices.search
    ),
    "forest": lambda _: fit_forest,
    "linear": lambda _: fit_linear,
    "embedding": _embedding,
    "sequence": lambda _: network_fit(Design(encoder=SEQUENCE)),
    "blend": _blend,
}
FUSION_FITS: Mapping[str, Callable[..., Fitted]] = {LATE: fit_late, STACK: fit_stack}


def _balanced(fit: Fit, balance: Balance) -> Fit:
    """Return a fit that trains on the weighted or drawn rows of a balance."""

    def fit_balanced(task: Task) -> Fitted:
        learning = balanced(balance, task.learning, task.classes, task.seed)
        return fit(dataclasses.replace(task, learning=learning))

    return fit_balanced
