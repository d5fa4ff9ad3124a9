"""A category tree under construction: paths of names become categories, parents first."""

from __future__ import annotations

from collections.abc import Sequence

from product_classifier.errors import UnusableError
from product_classifier.limits import check_category, check_path
from product_classifier.printable import storable
from product_classifier.records import Category

MOST_CATEGORIES = 500_000  # of a source, all of which are in memory
MOST_CHARACTERS = 50_000_000  # of the paths of all categories


class CategoryTree:
    """The categories that a source has named so far.

    A category's id is the source's own id, or else its path: names joined by '/', with '%2F' for
    a slash inside a name. All categories are marked as leaves, because only the store knows at
    the end which of them have children.
    """

    def __init__(self) -> None:
        self._by_name: dict[tuple[str | None, str], Category] = {}  # by the parent's id and name
        self._by_id: dict[str, Category] = {}
        self.new: list[Category] = []  # since the last take_new()
        self._characters = 0  # of all paths

    def id_of(
        self, names: Sequence[str], own_ids: Sequence[str] = (), translated: Sequence[str] = ()
    ) -> str | None:
        """Return the id of the category at a path, which is added if it is new; None without path.

        own_ids: the source's ids of the last levels, '' for a level without id; without names,
        the last one alone is looked up. translated: names of the first levels in another language.
        Raises UnusableError if an id belongs to another path or is unknown, and beyond the limits.
        """
        names, own_ids, translated = (
            list(map(storable, texts)) for texts in (names, own_ids, translated)
        )
        if not names:
            identity = own_ids[-1] if own_ids else None
            if identity and identity not in self._by_id:
                raise UnusableError(f"its category {identity} has no name or path in this source")
            return identity or None
        check_path(names)
        check_path(own_ids)
        if len(own_ids) > len(names):
            raise UnusableError(f"its category has more ids than names: {' '.join(own_ids)}")
        ids = ("",) * (len(names) - len(own_ids)) + tuple(own_ids)
        translations = (*translated, *("",) * len(names))
        parent: Category | None = None
        for name, identity, translation in zip(names, ids, translations, strict=False):
            parent = self._child(parent, name, identity, translation)
        return parent.id if parent else None

    def add(self, category: Category) -> None:
        """Add a category. Raises UnusableError beyond the limits."""
        check_category(category)
        characters = self._characters + len(category.path)
        if len(self._by_id) == MOST_CATEGORIES or characters > MOST_CHARACTERS:
            raise UnusableError(
                f"the source has more than {len(self._by_id):,} categories, and the rest are not "
                "used; is it the right column?"
            )
        self._characters = characters
        self._by_id[category.id] = category
        self._by_name[category.parent, category.name] = category
        self.new.append(category)

    def get(self, identity: str) -> Category | None:
        """Return the category with an id, or None."""
        return self._by_id.get(identity)

    def take_new(self) -> list[Category]:
        """Return the categories that were added since the last call, parents first."""
        new, self.new = self.new, []
        return new

    def _child(self, parent: Category | None, name: str, own_id: str, translation: str) -> Category:
        parent_id = parent.id if parent else None
        if own_id and own_id in self._by_id:
            earlier = self._by_id[own_id]
            if (earlier.parent, earlier.name) != (parent_id, name):
                raise UnusableError(
                    f"category {own_id} appears earlier as {earlier.name!r} below {earlier.parent}"
                )
            return earlier
        if not own_id and (parent_id, name) in self._by_name:
            return self._by_name[parent_id, name]
        level = own_id or name.replace("%2F", "%252F").replace("/", "%2F")
        path = f"{parent.path}/{level}" if parent else level
        identity = own_id or path
        if identity in self._by_id:
            raise UnusableError(f"{identity} is the id of one category and the path of another")
        category = Category(
            id=identity,
            name=name,
            parent=parent_id,
            path=path,
            leaf=True,
            translated=translation or None,
        )
        self.add(category)
        return category
