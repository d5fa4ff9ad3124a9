"""Paths of names → categories, each told once, parents before their children."""

from __future__ import annotations

from collections.abc import Sequence

from product_classifier.errors import UnusableError
from product_classifier.limits import check_category, check_path
from product_classifier.printable import storable
from product_classifier.records import Category

MOST_CATEGORIES = 500_000  # of a source, all of which are in memory
MOST_CHARACTERS = 50_000_000  # of the paths of all of them


class CategoryTree:
    """The tree that a source has named so far.

    A category's id is the source's own; where it has none, the path: names joined by '/', of which
    one that holds a slash has '%2F' instead. Whether it is a leaf nobody knows before the end: the
    store finds out.
    """

    def __init__(self) -> None:
        self._below: dict[tuple[str | None, str], Category] = {}  # by parent and name
        self._known: dict[str, Category] = {}  # by id
        self.new: list[Category] = []
        self._characters = 0  # of all paths

    def id_of(
        self, names: Sequence[str], own: Sequence[str] = (), translated: Sequence[str] = ()
    ) -> str | None:
        """Find or make the category of a path; None where there is neither a name nor an id.

        own: the source's ids of the last levels, '' for none; translated: names in another
        language, of the first levels. Raises UnusableError where an id is that of another path, or
        stands alone and is not known, and for what is beyond the limits.
        """
        names, own, translated = (list(map(storable, texts)) for texts in (names, own, translated))
        if not names:
            identity = own[-1] if own else None
            if identity and identity not in self._known:
                raise UnusableError(
                    f"it names the category {identity}, which nothing tells more of"
                )
            return identity or None
        check_path(names)
        check_path(own)
        if len(own) > len(names):
            raise UnusableError(f"its category has more ids than names: {' '.join(own)}")
        ids = ("",) * (len(names) - len(own)) + tuple(own)
        foreign = (*translated, *("",) * len(names))
        above: Category | None = None
        for name, identity, translation in zip(names, ids, foreign, strict=False):
            above = self._child(above, name, identity, translation)
        return above.id if above else None

    def add(self, category: Category) -> None:
        """Take in a category. Raises UnusableError for what is beyond the limits."""
        check_category(category)
        characters = self._characters + len(category.path)
        if len(self._known) == MOST_CATEGORIES or characters > MOST_CHARACTERS:
            raise UnusableError(
                f"{len(self._known):,} categories stand before its own, and no more are taken of "
                "one source; is it the right column?"
            )
        self._characters = characters
        self._known[category.id] = category
        self._below[category.parent, category.name] = category
        self.new.append(category)

    def get(self, identity: str) -> Category | None:
        """Find the category of an id."""
        return self._known.get(identity)

    def take(self) -> list[Category]:
        """Take the categories that have been made since the last time."""
        new, self.new = self.new, []
        return new

    def _child(self, above: Category | None, name: str, own: str, translated: str) -> Category:
        parent = above.id if above else None
        if own and own in self._known:
            known = self._known[own]
            if (known.parent, known.name) != (parent, name):
                raise UnusableError(
                    f"category {own} stands elsewhere as {known.name!r} below {known.parent}"
                )
            return known
        if not own and (parent, name) in self._below:
            return self._below[parent, name]
        part = own or name.replace("%2F", "%252F").replace("/", "%2F")
        path = f"{above.path}/{part}" if above else part
        identity = own or path
        if identity in self._known:
            raise UnusableError(f"{identity} is the id of one category and the path of another")
        made = Category(
            id=identity,
            name=name,
            parent=parent,
            path=path,
            leaf=True,
            translated=translated or None,
        )
        self.add(made)
        return made
