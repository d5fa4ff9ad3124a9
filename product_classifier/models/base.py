"""The interfaces of categorizers: training targets, Classifier, Fit, and State, which is saved.

Read `Task`, `Fit` and `Fitted` first: a Fit trains a Classifier on a Task. A Classifier's State
holds everything it predicts by as plain numbers and arrays, nested like its parts; `checked`
and `insist` validate states that are read from files.

The functions at the end validate JSON from untrusted files: each returns a value or raises
ValueError, and no message repeats more than the beginning of a value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from product_classifier.console import SILENT, Console
from product_classifier.evaluate.reliability import HIGHEST, LOWEST
from product_classifier.features.dataset_features import Features


class Score(NamedTuple):
    """The loss and the accuracy of a classifier on a set of rows."""

    loss: float  # mean cross-entropy
    accuracy: float


@dataclass(frozen=True)
class Targets:
    """Rows with their labels; a row with k labels is listed k times, with weight 1/k."""

    rows: NDArray[np.int64]
    labels: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Iterable[int], labels: Sequence[Sequence[int]]) -> Targets:
        """Return the targets of rows; labels: [items], the classes of each item."""
        pairs = [(row, label, 1 / len(labels[row])) for row in rows for label in labels[row]]
        columns = np.array(pairs, dtype=np.float64).reshape(-1, 3).T
        return cls(
            columns[0].astype(np.int64), columns[1].astype(np.int32), columns[2].astype(np.float32)
        )

    def __or__(self, others: Targets) -> Targets:
        """Return the targets of both."""
        return Targets(
            np.concatenate([self.rows, others.rows]),
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.weights, others.weights]),
        )

    def score(self, probabilities: NDArray[np.float64]) -> Score:
        """Return the score of probabilities, [targets, classes]; nan without targets."""
        if not len(self.rows):
            return Score(math.nan, math.nan)
        of_label = probabilities[np.arange(len(self.labels)), self.labels]
        loss = np.average(-np.log(np.maximum(of_label, 1e-12)), weights=self.weights)
        right = probabilities.argmax(axis=1) == self.labels
        return Score(float(loss), float(np.average(right, weights=self.weights)))


class Classifier(Protocol):
    """A trained classifier of items into categories."""

    def logits(self, rows: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Return the logits of items, [rows, classes]; softmax turns them into probabilities."""

    def state(self) -> State:
        """Return everything a prediction depends on; models.saved restores the classifier."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Everything a Fit trains a classifier on."""

    features: Features
    learning: Targets  # training rows that have features
    tuning: Targets  # tuning rows that have features; may be empty
    classes: int
    seed: int = 0
    console: Console = SILENT
    levels: NDArray[np.int64] | None = None  # [levels, classes], for a network with a head for each


@dataclass(frozen=True)
class Fitted:
    """A trained classifier, its size and its settings."""

    classifier: Classifier
    parameters: int  # trained numbers
    settings: Mapping[str, Any] = field(default_factory=dict)
    # trains the classifier again on more rows, once the tuning rows have calibrated it
    refit: Callable[[Targets], Classifier] | None = None


Fit = Callable[[Task], Fitted]


Arrays = Mapping[str, NDArray[Any]]
DEEPEST = 8  # levels of nested parts; a fusion of balanced blends has 6
MOST_PARTS = 32  # of a model, on all levels
MOST_ARRAYS = 200  # of one part
LONGEST_NAME = 50  # characters
FLOATS, INTEGERS = "f", "iu"  # kinds of arrays


@dataclass(frozen=True)
class State:
    """The saved form of a classifier or of a part of one."""

    kind: str
    numbers: Mapping[str, Any] = field(default_factory=dict)  # values of JSON
    arrays: Arrays = field(default_factory=dict)
    parts: Sequence[State] = ()

    def outline(self) -> dict[str, Any]:
        """Return a JSON object of everything but the arrays, of which it has the names."""
        parts = [part.outline() for part in self.parts]
        names = sorted(self.arrays)
        return {"kind": self.kind, "numbers": dict(self.numbers), "arrays": names, "parts": parts}

    def all_arrays(self, place: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield every array with its name in a file, such as 0/1/bias."""
        yield from ((f"{place}{name}", array) for name, array in self.arrays.items())
        for number, part in enumerate(self.parts):
            yield from part.all_arrays(f"{place}{number}/")

    def all_parts(self) -> Iterator[State]:
        """Yield this state and all its parts, on all levels."""
        yield self
        for part in self.parts:
            yield from part.all_parts()

    @classmethod
    def of(cls, outline: Any, arrays: Arrays) -> State:
        """Return the state with this outline and these arrays.

        Raises ValueError if the outline is invalid, or if an array is missing or not listed.
        """
        whole = _of(outline, arrays, "", DEEPEST)
        if (count := sum(1 for _ in whole.all_parts())) > MOST_PARTS:
            raise ValueError(f"the model has {count} parts; the limit is {MOST_PARTS}")
        if unused := arrays.keys() - {name for name, _ in whole.all_arrays()}:
            raise ValueError(f"no part of the model has an array {min(unused)[:LONGEST_NAME]!r}")
        return whole

    def insist_on(
        self, numbers: Collection[str] = (), arrays: Collection[str] = (), parts: int = 0
    ) -> None:
        """Raise ValueError unless it has exactly these numbers, arrays, and number of parts."""
        fields(dict(self.numbers), self.kind, numbers)
        fields(dict(self.arrays), f"arrays of {self.kind}", arrays)
        if len(self.parts) != parts:
            raise ValueError(f"{self.kind} has {len(self.parts)} parts, not {parts}")


def checked(arrays: Arrays, name: str, shape: tuple[int, ...], kinds: str = FLOATS) -> NDArray[Any]:
    """Return an array. Raises ValueError unless it has this shape and kind and is finite."""
    array = arrays[name]
    if array.shape != shape or array.dtype.kind not in kinds or not array.dtype.isnative:
        raise ValueError(f"{name} is {array.dtype} of {array.shape}, not of {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"not all of {name} is finite")
    return array


def insist(right: Any, problem: str) -> None:
    """Raise ValueError with the problem as message unless all of right is true."""
    if not np.all(right):
        raise ValueError(problem)


def insist_on_temperatures(temperatures: NDArray[Any]) -> None:
    """Raise ValueError unless all temperatures are in the range of the calibration."""
    possible = (temperatures >= LOWEST) & (temperatures <= HIGHEST)
    insist(possible, f"a temperature is not between {LOWEST:g} and {HIGHEST:g}")


def _of(outline: Any, arrays: Arrays, place: str, deepest: int) -> State:
    if not deepest:
        raise ValueError(f"the parts of the model are nested more than {DEEPEST} deep")
    values = fields(outline, "a part of the model", ("kind", "numbers", "arrays", "parts"))
    names = [
        text(name, "the name of an array", LONGEST_NAME)
        for name in items(values["arrays"], "the arrays of a part", 0, MOST_ARRAYS)
    ]
    insist(len(set(names)) == len(names), "an array of a part is named twice")
    for name in names:
        if f"{place}{name}" not in arrays:
            raise ValueError(f"there is no array {place}{name}")
    parts = items(values["parts"], "the parts of a part", 0, MOST_PARTS)
    return State(
        text(values["kind"], "the kind of a part", LONGEST_NAME),
        mapping(values["numbers"], "the numbers of a part"),
        {name: arrays[f"{place}{name}"] for name in names},
        [_of(part, arrays, f"{place}{number}/", deepest - 1) for number, part in enumerate(parts)],
    )


SHOWN = 60  # characters of a value in a message
SHA256 = re.compile("[0-9a-f]{64}")


def fields(
    value: Any, what: str, required: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, Any]:
    """Return an object that has all required names and no names but these and the optional ones."""
    if missing := set(required) - mapping(value, what).keys():
        raise ValueError(f"{what} has no {min(missing)}")
    if unknown := value.keys() - set(required) - set(optional):
        raise ValueError(f"{what} has an unknown field {_shown(min(unknown))}")
    return mapping(value, what)


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return an object with any names."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is {_shown(value)}, not an object")
    return value


def items(value: Any, what: str, least: int, most: int) -> Sequence[Any]:
    """Return a list of least to most items."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise ValueError(f"{what} is {_shown(value)}, not a list of {least} to {most:,} items")
    return value


def text(value: Any, what: str, longest: int, least: int = 1) -> str:
    """Return a text of least to longest characters."""
    if not isinstance(value, str) or not least <= len(value) <= longest:
        raise ValueError(
            f"{what} is {_shown(value)}, not a text of {least} to {longest:,} characters"
        )
    return value


def one_of(value: Any, what: str, names: Collection[str]) -> str:
    """Return a value that is one of the names."""
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{what} is {_shown(value)}, not one of {', '.join(names)}")
    return value


def sha256(value: Any, what: str) -> str:
    """Return a SHA-256 of 64 hexadecimal digits."""
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise ValueError(f"{what} is {_shown(value)}, not a SHA-256")
    return value


def whole(value: Any, what: str, least: int, most: int) -> int:
    """Return a whole number from least to most."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} is {_shown(value)}, not a whole number from {least} to {most:,}")
    return value


def real(value: Any, what: str, least: float, most: float, open_ends: bool = False) -> float:
    """Return a number from least to most; open_ends: greater than least and less than most."""
    if type(value) not in (int, float) or not math.isfinite(value) or not least <= value <= most:
        raise ValueError(f"{what} is {_shown(value)}, not a number from {least:g} to {most:g}")
    if open_ends and value in (least, most):
        raise ValueError(f"{what} is {_shown(value)}, not between {least:g} and {most:g}")
    return float(value)


def _shown(value: Any) -> str:
    """Return the beginning of a value as text, for a message."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value):,}"
    return repr(value)[:SHOWN] if not isinstance(value, str) else repr(value[:SHOWN])
