"""Hostile JSON lists and JSON Lines: products, Atlas, category trees, Shopify."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.imports import import_file
from tests.hostile.mutations import TEXTS, changed_bytes, hostile_value

pytestmark = pytest.mark.slow
Item = dict[str, Any]


def product(number: int) -> Item:
    return {
        "id": number,
        "name": f"Boot {number}",
        "description": "<p>Soft</p>",
        "category_path": [["Shoes", f"Boots {number % 3}"], ["New"]],
        "image": f"{number}.jpg",
        "more_images": [f"{number}-1.jpg", "http://a/2.jpg"],
    }


def atlas(number: int) -> Item:
    tokens = ["Men", f"Jeans {number % 3}"]
    return {
        "filename": f"x/{number}.jpg",
        "title": "Jeans",
        "image_url": "http://a/1.jpg",
        "split": "val",
        "sentences": [{"tokens": tokens}],
    }


def node(number: int) -> Item:
    return {"id": str(number), "name": f"n{number}", "parent": str(number // 2) if number else None}


def path_node(number: int) -> Item:
    path = [{"id": str(k), "name": f"n{k}"} for k in range(number % 5 + 1)]
    return {**path[-1], "path": path}


def shopify(number: int) -> Item:
    return {
        "id": number,
        "handle": f"h{number}",
        "title": "Boot",
        "body_html": "<b>x</b>",
        "product_type": "Shoes > Boots",
        "variants": [{"id": 1}],
        "images": [{"src": "http://a/1.jpg"}],
    }


KINDS: tuple[Callable[[int], Item], ...] = (product, atlas, node, path_node, shopify)
WRAPPED: Mapping[Any, str] = {product: "products", atlas: "images", shopify: "products"}


def hostile_items(
    chance: random.Random, kinds: Sequence[Callable[[int], Item]]
) -> tuple[list[Any], str]:
    """Return items of one kind, some of them with a changed, additional or missing field."""
    kind = chance.choice(kinds)
    items: list[Any] = [kind(number) for number in range(chance.choice([3, 10, 30]))]
    for item in items:
        while chance.random() < 0.3:
            name = chance.choice([*item, "extra"])
            if chance.random() < 0.2:
                item.pop(name, None)
            elif chance.random() < 0.5 or not isinstance(item.get(name), str | list):
                item[name] = hostile_value(chance)
            else:
                item[name] = chance.choice(TEXTS)
    if chance.random() < 0.1:
        items.insert(0, hostile_value(chance))
    return items, WRAPPED.get(kind, "categories")


def hostile_json(chance: random.Random, folder: Path) -> Path:
    items, name = hostile_items(chance, KINDS)
    value = {name: items} if chance.random() < 0.3 else items
    text = json.dumps(
        value, indent=chance.choice([None, 2]), ensure_ascii=chance.random() < 0.5
    ).encode("utf-8", "replace")
    path = folder / "products.json"
    path.write_bytes(changed_bytes(chance, text) if chance.random() < 0.6 else text)
    return path


def hostile_json_lines(chance: random.Random, folder: Path) -> Path:
    items, _ = hostile_items(chance, [product, product, product, *KINDS])
    lines = [json.dumps(item).encode() for item in items]
    lines = [changed_bytes(chance, line) if chance.random() < 0.2 else line for line in lines]
    path = folder / "products.jsonl"
    path.write_bytes(b"\n".join(lines) + chance.choice([b"", b"\n"]))
    return path


def plain_json(folder: Path) -> None:
    path = folder / "products.json"
    path.write_text(json.dumps([product(1)]))
    import_file(path)


@pytest.mark.parametrize("make", [hostile_json, hostile_json_lines])
def test_json_is_read_or_refused_in_one_line(
    make: Callable[[random.Random, Path], Path], tmp_path: Path
) -> None:
    outcomes = survive(HostileInputs(make=make, read=import_file, warm_up=plain_json), tmp_path)
    assert outcomes[READ] > outcomes[REFUSED] > 0
