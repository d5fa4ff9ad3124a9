"""What is in a catalogue: text for people, values for programs; the page tells the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from product_classifier.evaluate.catalogue import Catalogue
from product_classifier.printable import unbroken
from product_classifier.report.catalogue_sections import catalogue_sections
from product_classifier.report.remarks import remarks
from product_classifier.report.text_table import aligned

ON_SCREEN = 20  # rows of a table that a page folds
WIDTH = 98  # characters of a line of text


def catalogue_text(found: Catalogue) -> str:
    """Write remarks and tables; of the long ones the first rows."""
    blocks = ["\n".join(["Remarks", *(f"  - {unbroken(remark)}" for remark in remarks(found))])]
    for section in catalogue_sections(found):
        lines = [section.title, *(f"  {line}" for line in wrap(section.text, WIDTH))]
        for table in section.tables:
            if table.rows:
                told = aligned(table, ON_SCREEN if table.folded else None)
                lines += ["", *([f"  {table.folded}"] if table.folded else [])]
                lines += [f"  {line}" for line in told]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def catalogue_values(found: Catalogue) -> Mapping[str, Any]:
    """Lay out the same for --json, whole."""
    values = dataclasses.asdict(found)
    for level in (values["leaves"], *values["levels"]):
        del level["ordered"]  # categories tell
    for names in values["names"]:
        names |= {kind: names[kind]._asdict() for kind in ("before", "after")}
    spread = found.picture_sizes.spread
    values["picture_sizes"]["spread"] = {name: box._asdict() for name, box in spread.items()}
    return {"remarks": remarks(found), **values}
