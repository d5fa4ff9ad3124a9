"""What a trained classifier consists of, as plain values: numbers, arrays, and further parts.

A classifier gives its state, and a function of its module makes it again over other features. A
state may have been read from a folder of somebody else's, so that function insists on every value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from product_classifier.evaluate.reliability import COLDEST, HOTTEST
from product_classifier.models.fields import fields, items, mapping, text

Arrays = Mapping[str, NDArray[Any]]
DEEPEST = 8  # parts within parts; a fusion of balanced blends has 6
MOST_PARTS = 32  # in all
MOST_ARRAYS = 200  # of one part
LONGEST_NAME = 50  # characters
FLOATS, INTEGERS = "f", "iu"  # kinds of arrays


@dataclass(frozen=True)
class State:
    """One classifier, or a part of one."""

    kind: str
    numbers: Mapping[str, Any] = field(default_factory=dict)  # whatever JSON can say
    arrays: Arrays = field(default_factory=dict)
    parts: Sequence[State] = ()

    def outline(self) -> dict[str, Any]:
        """Lay out all but the arrays, for JSON."""
        parts = [part.outline() for part in self.parts]
        names = sorted(self.arrays)
        return {"kind": self.kind, "numbers": dict(self.numbers), "arrays": names, "parts": parts}

    def all_arrays(self, place: str = "") -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield every array with the name that it has in a file, such as 0/1/bias."""
        yield from ((f"{place}{name}", array) for name, array in self.arrays.items())
        for number, part in enumerate(self.parts):
            yield from part.all_arrays(f"{place}{number}/")

    def all_parts(self) -> Iterator[State]:
        """Yield this and every part of it."""
        yield self
        for part in self.parts:
            yield from part.all_parts()

    @classmethod
    def of(cls, outline: Any, arrays: Arrays) -> State:
        """Put an outline and its arrays together again.

        Raises ValueError where something is missing or superfluous, or is no outline.
        """
        whole = _of(outline, arrays, "", DEEPEST)
        if (count := sum(1 for _ in whole.all_parts())) > MOST_PARTS:
            raise ValueError(f"the model has {count} parts; {MOST_PARTS} are the most")
        if unused := arrays.keys() - {name for name, _ in whole.all_arrays()}:
            raise ValueError(f"no part of the model has an array {min(unused)[:LONGEST_NAME]!r}")
        return whole

    def insist_on(
        self, numbers: Collection[str] = (), arrays: Collection[str] = (), parts: int = 0
    ) -> None:
        """Raise ValueError unless it has just these numbers and arrays, and so many parts."""
        fields(dict(self.numbers), self.kind, numbers)
        fields(dict(self.arrays), f"arrays of {self.kind}", arrays)
        if len(self.parts) != parts:
            raise ValueError(f"{self.kind} has {len(self.parts)} parts, not {parts}")


def checked(arrays: Arrays, name: str, shape: tuple[int, ...], kinds: str = FLOATS) -> NDArray[Any]:
    """Return an array of this shape and kind. Raises ValueError unless all of it is finite."""
    array = arrays[name]
    if array.shape != shape or array.dtype.kind not in kinds or not array.dtype.isnative:
        raise ValueError(f"{name} is {array.dtype} of {array.shape}, not of {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"not all of {name} is finite")
    return array


def insist(right: Any, problem: str) -> None:
    """Raise ValueError with a problem unless all of right is true."""
    if not np.all(right):
        raise ValueError(problem)


def insist_on_temperatures(temperatures: NDArray[Any]) -> None:
    """Raise ValueError unless all of them are such as calibration finds."""
    possible = (temperatures >= COLDEST) & (temperatures <= HOTTEST)
    insist(possible, f"a temperature is not from {COLDEST:g} to {HOTTEST:g}")


def _of(outline: Any, arrays: Arrays, place: str, deepest: int) -> State:
    if not deepest:
        raise ValueError(f"the parts of the model lie more than {DEEPEST} deep")
    told = fields(outline, "a part of the model", ("kind", "numbers", "arrays", "parts"))
    names = [
        text(name, "the name of an array", LONGEST_NAME)
        for name in items(told["arrays"], "the arrays of a part", 0, MOST_ARRAYS)
    ]
    insist(len(set(names)) == len(names), "an array of a part is named twice")
    for name in names:
        if f"{place}{name}" not in arrays:
            raise ValueError(f"there is no array {place}{name}")
    parts = items(told["parts"], "the parts of a part", 0, MOST_PARTS)
    return State(
        text(told["kind"], "the kind of a part", LONGEST_NAME),
        mapping(told["numbers"], "the numbers of a part"),
        {name: arrays[f"{place}{name}"] for name in names},
        [_of(part, arrays, f"{place}{number}/", deepest - 1) for number, part in enumerate(parts)],
    )
