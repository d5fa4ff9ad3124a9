"""A tree of categories by itself, as a JSON list of nodes → categories.

A node has an id and a name, and either the path down to it, as Best Buy has it, or the id of its
parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from product_classifier.records import Category, Entry, Skipped
from product_classifier.sources.branches import Branches
from product_classifier.sources.jsonfile import Found

PARENT = ("parent", "parentId", "parent_id")
Node = Mapping[str, Any]


def is_taxonomy(node: Node) -> bool:
    """Tell a node of a tree from a product."""
    below = any(name in node for name in PARENT) or isinstance(node.get("path"), list)
    return bool(node.get("id")) and below and "category" not in node


def read_taxonomy(found: Iterator[Found], name: str) -> Iterator[Entry]:
    """Read a tree, parents before their children; nodes of a cycle are told and left out."""
    branches, waiting = Branches(), dict[str, tuple[str, Node]]()
    for number, node in found:
        place = f"{name} item {number}"
        if isinstance(node, str):
            yield Skipped("category", place, node)
        elif isinstance(node.get("path"), list):
            yield from _by_path(branches, node["path"], place)
        elif (identity := _text(node.get("id"))) is None:
            yield Skipped("category", place, "it has no id")
        elif identity in waiting:
            yield Skipped("category", place, f"id {identity} stands in an earlier place")
        else:
            waiting[identity] = place, node
    yield from _by_parent(branches, waiting)


def _by_path(branches: Branches, path: Sequence[Node], place: str) -> Iterator[Entry]:
    parent: Category | None = None
    for node in path:
        identity = _text(node.get("id")) if isinstance(node, dict) else None
        if identity is None:
            yield Skipped("category", place, "a part of its path has no id")
            return
        above = parent.id if parent else None
        known = branches.get(identity)
        if known and known.parent != above:
            reason = (
                f"category {identity} stands below {above} here and below {known.parent} before"
            )
            yield Skipped("category", place, reason)
            return
        parent = known or _category(node, identity, parent)
        if not known:
            branches.add(parent)
            yield from branches.take()


def _by_parent(branches: Branches, waiting: dict[str, tuple[str, Node]]) -> Iterator[Entry]:
    children: dict[str | None, list[str]] = {}
    for identity, (_, node) in waiting.items():
        above = next((text for name in PARENT if (text := _text(node.get(name)))), None)
        children.setdefault(above if above in waiting else None, []).append(identity)
    level: list[tuple[Category | None, str]] = [(None, top) for top in children.pop(None, [])]
    for parent, identity in level:  # grows as it is walked: breadth first
        made = _category(waiting.pop(identity)[1], identity, parent)
        yield made
        level += [(made, child) for child in children.pop(identity, [])]
    for identity, (place, _) in waiting.items():
        yield Skipped("category", place, f"category {identity} lies below itself: a cycle")


def _category(node: Node, identity: str, parent: Category | None) -> Category:
    path = f"{parent.path}/{identity}" if parent else identity
    name = _text(node.get("name")) or identity
    return Category(identity, name, parent.id if parent else None, path, True)


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() or None if isinstance(value, str) else None
