"""A tree of categories by itself, as a JSON list of nodes → categories.

A node has an id and a name, and either the path down to it, as Best Buy has it, or the id of its
parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from product_classifier.errors import UnusableError
from product_classifier.limits import check_path
from product_classifier.printable import storable
from product_classifier.records import Category, Entry, Skipped
from product_classifier.sources.files.category_tree import MOST_CATEGORIES, CategoryTree
from product_classifier.sources.files.json_rows import Found

PARENT = ("parent", "parentId", "parent_id")
Node = Mapping[str, Any]


class Waiting(NamedTuple):
    """A node whose parent may stand behind it."""

    place: str
    above: str | None  # the parent's id
    name: str


class Below(NamedTuple):
    """A node whose parent has been placed."""

    parent: Category | None
    identity: str
    problem: str = ""  # why it cannot be used


def is_taxonomy(node: Node) -> bool:
    """Tell a node of a tree from a product."""
    below = any(name in node for name in PARENT) or isinstance(node.get("path"), list)
    return bool(node.get("id")) and below and "category" not in node


def read_taxonomy(found: Iterator[Found], name: str) -> Iterator[Entry]:
    """Read a tree, parents before their children; nodes of a cycle are told and left out."""
    branches, waiting = CategoryTree(), dict[str, Waiting]()
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
        elif len(waiting) == MOST_CATEGORIES:
            yield Skipped("category", place, f"{MOST_CATEGORIES:,} categories stand before it")
        else:
            above = next((text for key in PARENT if (text := _text(node.get(key)))), None)
            waiting[identity] = Waiting(place, above, _name(node, identity))
    yield from _by_parent(branches, waiting)


def _by_path(branches: CategoryTree, path: Sequence[Node], place: str) -> Iterator[Entry]:
    ids = [_text(node.get("id")) if isinstance(node, dict) else None for node in path]
    try:
        check_path([identity or "" for identity in ids])
        parent: Category | None = None
        for node, identity in zip(path, ids, strict=True):
            if identity is None:
                raise UnusableError("a part of its path has no id")
            above = parent.id if parent else None
            known = branches.get(identity)
            if known and known.parent != above:
                raise UnusableError(
                    f"category {identity} stands below {above} here and below {known.parent} before"
                )
            parent = known or _category(identity, _name(node, identity), parent)
            if not known:
                branches.add(parent)
                yield from branches.take()
    except UnusableError as error:
        yield Skipped("category", place, str(error))


def _by_parent(branches: CategoryTree, waiting: dict[str, Waiting]) -> Iterator[Entry]:
    children: dict[str | None, list[str]] = {}
    for identity, node in waiting.items():
        children.setdefault(node.above if node.above in waiting else None, []).append(identity)
    level = [Below(None, top) for top in children.pop(None, [])]
    for below in level:  # grows as it is walked: breadth first
        place, _, name = waiting.pop(below.identity)
        made, problem = below.parent, below.problem
        try:
            if not problem:
                made = _category(below.identity, name, below.parent)
                branches.add(made)
                yield from branches.take()
        except UnusableError as error:
            problem = str(error)
        if problem:
            yield Skipped("category", place, problem)
            problem = "it lies below a category that cannot be used"
        level += [Below(made, child, problem) for child in children.pop(below.identity, [])]
    for identity, node in waiting.items():
        reason = f"category {identity} lies below itself: a cycle"
        yield Skipped("category", node.place, reason)


def _category(identity: str, name: str, parent: Category | None) -> Category:
    path = f"{parent.path}/{identity}" if parent else identity
    return Category(
        id=identity, name=name, parent=parent.id if parent else None, path=path, leaf=True
    )


def _name(node: Node, identity: str) -> str:
    return _text(node.get("name")) or identity


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return storable(value.strip()) or None if isinstance(value, str) else None
