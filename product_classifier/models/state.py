"""What a trained classifier consists of, as plain values: numbers, arrays, and further parts.

A classifier gives its state, and a function of its module makes it again over other features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


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

    @classmethod
    def of(cls, outline: Mapping[str, Any], arrays: Arrays, place: str = "") -> State:
        """Put an outline and its arrays together again. Raises KeyError where something lacks."""
        return cls(
            str(outline["kind"]),
            outline["numbers"],
            {name: np.asarray(arrays[f"{place}{name}"]) for name in outline["arrays"]},
            [
                cls.of(part, arrays, f"{place}{number}/")
                for number, part in enumerate(outline["parts"])
            ],
        )
