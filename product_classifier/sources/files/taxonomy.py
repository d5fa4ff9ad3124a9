"""A category tree without products, in a JSON list of nodes → categories.

A node has an id and a name, and either the path down to it, as in Best Buy's files, or the id of
its parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from product_classifier.errors import UnusableError
from product_classifier.limits import check_path
from product_classifier.printable import storable
from product_classifier.records import Category, Entry, Skipped
from product_classifier.sources.files.category_tree import MOST_CATEGORIES, CategoryTree
from product_classifier.sources.files.json_rows import NumberedObject

PARENT_KEYS = ("parent", "parentId", "parent_id")
Node = Mapping[str, Any]


class UnplacedNode(NamedTuple):
    """A node whose parent may come later in the file."""

    place: str
    parent_id: str | None
    name: str


class ChildNode(NamedTuple):
    """A node whose parent has become a category, or cannot."""

    parent: Category | None
    identity: str
    problem: str = ""  # why the parent cannot be used


def is_taxonomy(node: Node) -> bool:
    """Return whether an object is a node of a category tree and not a product."""
    has_parent = any(name in node for name in PARENT_KEYS) or isinstance(node.get("path"), list)
    return bool(node.get("id")) and has_parent and "category" not in node


def read_taxonomy(nodes: Iterator[NumberedObject], name: str) -> Iterator[Entry]:
    """Yield the categories of a tree, parents first; nodes in a cycle are skipped.

    name: of the file, for messages.
    """
    tree, unplaced = CategoryTree(), dict[str, UnplacedNode]()
    for number, node in nodes:
        place = f"{name} item {number}"
        if isinstance(node, str):
            yield Skipped("category", place, node)
        elif isinstance(node.get("path"), list):
            yield from _by_path(tree, node["path"], place)
        elif (identity := _text(node.get("id"))) is None:
            yield Skipped("category", place, "it has no id")
        elif identity in unplaced:
            yield Skipped("category", place, f"id {identity} appears earlier")
        elif len(unplaced) == MOST_CATEGORIES:
            yield Skipped("category", place, f"it comes after {MOST_CATEGORIES:,} categories")
        else:
            parent_id = next((text for key in PARENT_KEYS if (text := _text(node.get(key)))), None)
            unplaced[identity] = UnplacedNode(place, parent_id, _name(node, identity))
    yield from _by_parent(tree, unplaced)


def _by_path(tree: CategoryTree, path: Sequence[Node], place: str) -> Iterator[Entry]:
    """Yield the new categories of a node's path."""
    ids = [_text(node.get("id")) if isinstance(node, dict) else None for node in path]
    try:
        check_path([identity or "" for identity in ids])
        parent: Category | None = None
        for node, identity in zip(path, ids, strict=True):
            if identity is None:
                raise UnusableError("a node of its path has no id")
            parent_id = parent.id if parent else None
            earlier = tree.get(identity)
            if earlier and earlier.parent != parent_id:
                raise UnusableError(
                    f"category {identity} is below {parent_id} here and below {earlier.parent} "
                    "earlier"
                )
            parent = earlier or _category(identity, _name(node, identity), parent)
            if not earlier:
                tree.add(parent)
                yield from tree.take_new()
    except UnusableError as error:
        yield Skipped("category", place, str(error))


def _by_parent(tree: CategoryTree, unplaced: dict[str, UnplacedNode]) -> Iterator[Entry]:
    """Yield the categories of nodes that name their parents, breadth first; cycles are left."""
    children: dict[str | None, list[str]] = {}
    for identity, node in unplaced.items():
        parent_id = node.parent_id if node.parent_id in unplaced else None
        children.setdefault(parent_id, []).append(identity)
    queue = [ChildNode(None, top) for top in children.pop(None, [])]
    for child in queue:  # grows during the loop
        place, _, name = unplaced.pop(child.identity)
        category, problem = child.parent, child.problem
        try:
            if not problem:
                category = _category(child.identity, name, child.parent)
                tree.add(category)
                yield from tree.take_new()
        except UnusableError as error:
            problem = str(error)
        if problem:
            yield Skipped("category", place, problem)
            problem = "its parent category cannot be used"
        grandchildren = children.pop(child.identity, [])
        queue += [ChildNode(category, identity, problem) for identity in grandchildren]
    for identity, node in unplaced.items():
        reason = f"category {identity} is below itself: a cycle"
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
