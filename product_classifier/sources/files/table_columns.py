"""Columns of a table and the fields they contain, as given by --columns or by their usual names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from product_classifier.errors import SourceError

TRANSLATED = "translated_path"
MOST_COLUMNS = 10_000
USUAL_NAMES = {  # of the columns of each field, the likeliest first
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
FIELDS = tuple(USUAL_NAMES)


@dataclass(frozen=True)
class Columns:
    """Positions of the used columns in a table's header.

    A path has one column, or one for each level.
    """

    header: tuple[str, ...]
    of: Mapping[str, tuple[int, ...]]  # field → positions

    @property
    def about(self) -> str:
        """The columns as --columns takes them."""
        names = {
            field: "+".join(self.header[k] for k in positions)
            for field, positions in self.of.items()
        }
        return ",".join(f"{field}={name}" for field, name in names.items())

    def first(self, field: str) -> int | None:
        """Return the position of a field's first column, or None."""
        return self.of[field][0] if field in self.of else None


def find_columns(header: Sequence[str], chosen: Mapping[str, Sequence[str]], path: Path) -> Columns:
    """Return the columns of each field: the chosen ones, else those with a usual name.

    chosen: as --columns gives them, field → names; no names if the table lacks the field. Raises
    SourceError if a chosen column is missing, or if the table has neither the columns of products
    nor those of categories.
    """
    if len(header) > MOST_COLUMNS:
        raise SourceError(
            f"{path} has {len(header):,} columns, more than {MOST_COLUMNS:,}, so it is not a "
            "table; pass --format if it is something else"
        )
    names = [name.strip() for name in header]
    plain = [re.sub(r"[\s:-]+", "_", name.lower()).removeprefix("g_") for name in names]
    of: dict[str, tuple[int, ...]] = {}
    for field, chosen_names in chosen.items():
        if missing := [name for name in chosen_names if name not in names]:
            raise SourceError(
                f"{path} lacks {columns_text(missing)} of --columns; "
                f"its columns are {', '.join(names) or 'none'}"
            )
        of[field] = tuple(names.index(name) for name in chosen_names)
    for field, levels in _levels(plain).items():
        if "category_path" not in plain or field != "category_path":
            of.setdefault(field, levels)
    for field, usual_names in USUAL_NAMES.items():
        for name in usual_names.split():
            if name in plain and field not in of:
                of[field] = (plain.index(name),)
    is_taxonomy = "category_path" in of and not {"id", "name"} & of.keys()
    lacking = [field for field in ("id", "name", "category_path") if field not in of]
    if lacking and not is_taxonomy:
        raise SourceError(
            f"{path} lacks {columns_text(lacking)}; its columns are "
            f"{', '.join(names) or 'none'}: pass --columns {lacking[0]}=… ({lacking[0]}= for none)"
        )
    return Columns(tuple(names), {field: positions for field, positions in of.items() if positions})


def used_columns(
    header: Sequence[str], chosen: Mapping[str, Sequence[str]], path: Path
) -> list[str]:
    """Return the names of the used columns in the header's order. Raises as `find_columns` does."""
    of = find_columns(header, chosen, path).of
    return [header[k] for k in sorted({k for positions in of.values() for k in positions})]


def columns_text(columns: Sequence[str]) -> str:
    """Return "the column a" or "the columns a and b", for a message."""
    return f"the column{'s' if len(columns) > 1 else ''} {' and '.join(columns)}"


def _levels(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the positions of columns such as category_level1, category_level2, by their field."""
    fields: dict[str, dict[int, int]] = {}
    for position, name in enumerate(names):
        if match := LEVEL.fullmatch(name):
            field = TRANSLATED if match["translated"] else "category_path"
            fields.setdefault(field, {})[int(match["level"])] = position
    return {
        field: tuple(positions[level] for level in sorted(positions))
        for field, positions in fields.items()
    }
