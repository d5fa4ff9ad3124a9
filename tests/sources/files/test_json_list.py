"""JSON lists with a fault: only the faulty element is lost, and no element is invented."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from product_classifier.sources.files.json_list import JsonList


def chunks(text: str, size: int) -> Iterator[str]:
    yield from (text[k : k + size] for k in range(0, len(text), size))


def read(text: str, size: int = 1_000_000) -> tuple[list[Any], list[str]]:
    elements = JsonList(chunks(text, size))
    assert elements.begins()
    pairs = list(elements)
    return (
        [value for value, problem in pairs if not problem],
        [problem for _, problem in pairs if problem],
    )


def item(number: int) -> dict[str, Any]:
    """Return a product with brackets and quotes in its texts, with lists and objects."""
    return {
        "id": str(number),
        "name": f'Boot {number}" {{high}}, [new]',
        "variants": [{"id": f"{number}-{k}", "price": 1.5} for k in range(3)],
        "tags": ["a", "b", None, True, -1e-3],
        "size": {"eu": {"min": 38, "max": 42}},
    }


def listed(numbers: range, spoilt: dict[int, str], style: str) -> str:
    texts = [spoilt.get(k) or dumped(item(k), style) for k in numbers]
    joint = {"line": ", ", "lines": ",\n", "pretty": ",\n  "}[style]
    return "[" + joint.join(texts) + "]"


def dumped(value: object, style: str) -> str:
    return json.dumps(value, indent=2 if style == "pretty" else None)


FAULTS = {
    "a bad escape": ('"name": "', r'"name": "\q'),
    "a literal of another language": ('"tags": [', '"tags": [None, '),
    "a missing comma": ('"tags": ', '"tags": [] "more": '),
    "a missing colon": ('"tags": ', '"tags" '),
    "a missing value": ('"size": {', '"size": , "more": {'),
    "a trailing comma": ("true", "true,"),
    "digits without end": ("38", "9" * 5_000),
    "nesting without end": ("38", "[" * 5_000 + "]" * 5_000),
    "a quote in a text": ("Boot", 'Bo"ot'),
    "a quote that is not closed": ('"tags": [', '"tags: ['),
    "a text that is not closed": ('[new]"', "[new]"),
    "a list that is not closed": ("42", "42, [1"),
    "an object that is not closed": ('"size"', '{"a": 1, "size"'),
    "a NUL": ("Boot", "Bo\0ot"),
    "a second comma": ('"tags"', ', "tags"'),
}


@pytest.mark.parametrize("style", ["line", "lines", "pretty"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_loses_only_its_element(fault: str, style: str) -> None:
    right, wrong = FAULTS[fault]
    spoilt = dumped(item(5), style).replace(right, wrong, 1)
    values, problems = read(listed(range(10), {5: spoilt}, style))
    assert values == [item(k) for k in range(10) if k != 5]
    assert len(problems) == 1


@pytest.mark.parametrize(
    "scalar", ["None", "undefined", "'a'", "0x10", "-", "}", "+1", "tru", '"a": 1']
)
def test_an_invalid_value_is_skipped(scalar: str) -> None:
    values, problems = read(listed(range(3), {1: scalar}, "line"))
    assert values == [item(0), item(2)]
    assert len(problems) == 1


def test_no_element_is_invented_wherever_a_list_is_changed() -> None:
    """Each value that is read was in the list before the change, except the changed object."""
    chance = random.Random(0)
    everything = [item(k) for k in range(12)]
    lost = unread = 0
    for _ in range(600):
        style = chance.choice(["line", "lines", "pretty"])
        text = listed(range(12), {}, style)
        at = chance.randrange(1, len(text))
        cut = at + chance.choice([0, 0, 1, 1, 2, 5])
        changed = text[:at] + chance.choice(
            ['"', "{", "}", "[", "]", ",", ":", "\\", "\n", "x", ""]
        )
        values, problems = read(changed + text[cut:], chance.choice([50, 997, 10**6]))
        unknown = [value for value in values if value not in everything]
        assert len(unknown) <= 1
        assert all(len(value.keys() & item(0).keys()) >= 2 for value in unknown)
        lost += 12 - len(values)
        unread += bool(problems) and "the rest is not read" in problems[-1]
    assert lost < 1.5 * 600, unread


def test_the_first_element_may_be_broken_over_many_chunks() -> None:
    for wrong in ("9" * 10**6, '"' + "x" * 10**6 + '\\q"', "[" * 10**5 + "]" * 10**5):
        assert read(f'[{{"a": {wrong}}}, {{"a": 2}}]', 16_000)[0] == [{"a": 2}]


def test_elements_do_not_depend_on_the_size_of_chunks() -> None:
    text = listed(range(20), {7: '{"id": tru, "name": "x"}', 9: "nul"}, "lines")
    expected = read(text)
    for size in (1, 2, 3, 7, 64, 1000):
        assert read(text, size)[0] == expected[0]


@pytest.mark.parametrize(
    "text",
    [
        "[" + '{"a":1},' * 3 + '{"a":x,' * 400_000,
        '[{"a":1},' + ('{"a":,' * 1_000 + '{"a":1},') * 300,
        '[{"a":1},' + '{"a":"x' * 300_000,
        "[" + "{" * 2_000_000,
        "[" + "," * 5_000_000,
        '[{"a":1},{"a":x' + "\n" * 3_000_000,
        '[{"a":1},' + '{"a":[1,' * 300_000,
        '[{"a":1},' + ('{"a":["' + "y" * 5_000 + '",') * 400,
        '["' + "\\n" * 2_500_000,
        "[" + '{"a":tru},' * 200_000,
        '[{"a":1},' + '{"a":"b}, ' * 100_000,
        '[{"a":1},' + '{"a":"b\n' * 100_000,
    ],
)
def test_hostile_lists_take_time_in_proportion_to_their_length(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 10
