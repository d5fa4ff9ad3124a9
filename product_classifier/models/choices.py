"""The choices of a training by the names of the command line; light, so that --help is fast."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from product_classifier.features.cleaning import BAG, BASIC, NGRAMS, SEQUENCE

CONCAT, PRODUCT, CONCAT_DENSE = "concat", "product", "concat-dense"
L1, L2, ELASTIC = PENALTIES = ("l1", "l2", "elastic")  # of logistic regression
MOST_LAYERS, WIDEST_LAYER = 50, 10_000  # of a head; units
LEARNING_RATE = 0.001  # of Adam, in the smallest batches
NONE, WEIGHTS, SAMPLE, LOGIT_ADJUST = "none", "weights", "sample", "logit-adjust"


@dataclass(frozen=True)
class Balance:
    """A treatment of small categories.

    none: no treatment. weights: each category has the same weight in the loss. sample: the same
    number of rows is drawn from each category, from smaller ones repeatedly. logit-adjust: after
    training, value x log share is subtracted from each logit (Menon et al., arXiv 2007.07314).
    """

    kind: str = NONE
    value: float = 0.0  # sample: rows of each category; logit-adjust: factor of the log share

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that an experiment records."""
        valued = self.kind in (SAMPLE, LOGIT_ADJUST)
        return {"balance": f"{self.kind}:{self.value:.12g}" if valued else self.kind}


AS_THEY_ARE = Balance()


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
    vectorizer: str = BAG
    clean: str = BASIC  # the default cleaning of texts


WORD_MODELS: Mapping[str, WordModel] = {
    "network": WordModel("a hidden layer over a bag of words"),
    "logistic": WordModel("logistic regression on a bag of words"),
    "forest": WordModel("100 trees on a bag of words"),
    "linear": WordModel("support vectors on n-grams", NGRAMS),
    "embedding": WordModel("the mean of word vectors, and a hidden layer"),
    "sequence": WordModel("the first nine stems by position", SEQUENCE, "stemmed"),
    "blend": WordModel("linear and a network on n-grams, averaged", NGRAMS),
}

LEVELLED = ("network", "embedding", "sequence")  # models of a single network

LATE, STACK = "late", "stack"
JOINED = (CONCAT, PRODUCT, CONCAT_DENSE)  # one network over both
APART = (LATE, STACK)  # a model of words and a model of pictures
FUSIONS = (*JOINED, *APART)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The batch size, the length, the stopping rule and the learning rate of a training."""

    batch_size: int
    steps: int  # at most
    round_steps: int  # after each round the tuning loss is computed
    patience: int | None  # rounds without a better loss; None: all steps, keep the last weights
    learning_rate: float
    adam: bool = True  # else plain gradient descent


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
