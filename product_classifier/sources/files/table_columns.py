"""Which column of a table holds what: as it is told, or by the names that shops and sites use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from product_classifier.errors import SourceError

TRANSLATED = "translated_path"
MOST_COLUMNS = 10_000
KNOWN_AS = {  # the likeliest first
    "id": "id sku product_id aw_product_id item_id uniq_id asin code",
    "name": "name title product_name product_title",
    "description": "description body_html product_description long_description",
    "category_path": "category_path category product_type merchant_category "
    "merchant_product_category_path product_category_tree google_product_category "
    "fb_product_category taxonomy",
    "category_id": "category_id",
    TRANSLATED: "translated_path",
    "image": "image image_url image_link merchant_image_url aw_image_url image_path",
    "more_images": "more_images additional_image_link additional_image_url",
    "part": "part split",
}
LEVEL = re.compile(r"(?P<translated>translated_)?(category_)?level_?(?P<level>[1-9])")
FIELDS = tuple(KNOWN_AS)


@dataclass(frozen=True)
class Columns:
    """Positions of columns in a table's header; a path has one column, or one for each level."""

    header: tuple[str, ...]
    of: Mapping[str, tuple[int, ...]]  # field → positions

    @property
    def about(self) -> str:
        """Name them as --columns does, those that go by their own name left out."""
        names = {
            field: "+".join(self.header[k] for k in positions)
            for field, positions in self.of.items()
        }
        return ",".join(f"{field}={name}" for field, name in names.items())

    def first(self, field: str) -> int | None:
        """Find the one column of a field."""
        return self.of[field][0] if field in self.of else None


def find_columns(header: Sequence[str], told: Mapping[str, Sequence[str]], path: Path) -> Columns:
    """Choose the columns of a table by what is told of them, else by their names.

    Raises SourceError where one is not there, or where the table has neither products nor
    categories.
    """
    if len(header) > MOST_COLUMNS:
        raise SourceError(
            f"{path} has {len(header):,} columns, more than {MOST_COLUMNS:,}: that is no table"
        )
    names = [name.strip() for name in header]
    plain = [re.sub(r"[\s:-]+", "_", name.lower()).removeprefix("g_") for name in names]
    found: dict[str, tuple[int, ...]] = {}
    for field, wanted in told.items():
        if missing := [name for name in wanted if name not in names]:
            raise SourceError(
                f"{path} lacks {listing(missing)} of --columns; "
                f"its columns are {', '.join(names) or 'none'}"
            )
        found[field] = tuple(names.index(name) for name in wanted)  # none: the table has no such
    for field, levels in _levels(plain).items():
        if "category_path" not in plain or field != "category_path":
            found.setdefault(field, levels)
    for field, aliases in KNOWN_AS.items():
        for alias in aliases.split():
            if alias in plain and field not in found:
                found[field] = (plain.index(alias),)
    taxonomy = "category_path" in found and not {"id", "name"} & found.keys()
    lacking = [field for field in ("id", "name", "category_path") if field not in found]
    if lacking and not taxonomy:
        raise SourceError(
            f"{path} lacks {listing(lacking)}; its columns are "
            f"{', '.join(names) or 'none'}: pass --columns {lacking[0]}=… ({lacking[0]}= for none)"
        )
    return Columns(tuple(names), {field: places for field, places in found.items() if places})


def used_columns(header: Sequence[str], told: Mapping[str, Sequence[str]], path: Path) -> list[str]:
    """Return the names of the columns that are used, in their order; raises as find_columns."""
    positions = find_columns(header, told, path).of.values()
    return [header[k] for k in sorted({k for places in positions for k in places})]


def listing(columns: Sequence[str]) -> str:
    """Name columns in a message."""
    return f"the column{'s' if len(columns) > 1 else ''} {' and '.join(columns)}"


def _levels(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Find columns such as category_level1, category_level2 …, and the translated ones."""
    found: dict[str, dict[int, int]] = {}
    for position, name in enumerate(names):
        if match := LEVEL.fullmatch(name):
            field = TRANSLATED if match["translated"] else "category_path"
            found.setdefault(field, {})[int(match["level"])] = position
    return {
        field: tuple(positions[level] for level in sorted(positions))
        for field, positions in found.items()
    }
