"""Values of JSON that somebody else wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from product_classifier.models import base

NAN = float("nan")


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (lambda v: base.whole(v, "x", 1, 9), [1, 9], [0, 10, 1.0, True, "1", None, NAN, 10**30]),
        (lambda v: base.real(v, "x", 0, 1), [0, 1, 0.5], [-1, 1.1, NAN, 1e400, True, "0.5", []]),
        (lambda v: base.real(v, "x", 0, 1, open_ends=True), [0.5], [0, 1, 0.0, 1.0]),
        (lambda v: base.text(v, "x", 3), ["a", "abc"], ["", "abcd", 3, None, ["a"]]),
        (lambda v: base.one_of(v, "x", ["a"]), ["a"], ["b", ["a"], {"a": 1}, None]),
        (lambda v: base.items(v, "x", 1, 2), [[1]], [[], [1, 2, 3], {"a": 1}, "ab"]),
        (
            lambda v: base.fields(v, "x", ["a"], ["b"]),
            [{"a": 1}],
            [{"b": 1}, {"a": 1, "c": 2}, []],
        ),
        (lambda v: base.sha256(v, "x"), ["ab" * 32], ["AB" * 32, "ab" * 31, "ab" * 32 + "\n", 3]),
    ],
)
def test_invalid_values_are_refused_with_a_short_message(
    check: Callable[[Any], Any], right: list[Any], wrong: list[Any]
) -> None:
    for value in right:
        assert check(value) == value
    for value in wrong:
        with pytest.raises(ValueError, match=r"^x (is|has) .{1,150}$"):
            check(value)


def test_a_long_value_is_not_repeated() -> None:
    for value in ("y" * 10_000, list(range(10_000)), {"z" * 10_000: 1}):
        with pytest.raises(ValueError, match=r"^x (is|has) .{1,150}$"):
            base.fields(value, "x", ())
