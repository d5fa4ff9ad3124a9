"""What a catalogue holds and lacks, counted by SQLite."""

from __future__ import annotations

import sqlite3

from product_classifier.records import CatalogueState

COUNTS = """
select count(*), count(*) filter (where trim(name) = ''),
  count(*) filter (where trim(description) = ''),
  count(*) filter (where trim(name) = '' and trim(description) = ''),
  count(*) filter (where image is null),
  count(*) filter (where image is not null and address is null),
  count(*) filter (where error is not null)
from product left join image on address = product.image
"""
# pictures lead: those that could not be had are few
REASONS = """
select error, count(*) from image cross join product on product.image = address
where error is not null group by error order by 2 desc, 1
"""


def read_overview(db: sqlite3.Connection) -> CatalogueState:
    """Count products by what they have, pictures by what is said of them, decisions of persons."""
    [counts] = db.execute(COUNTS)
    reasons = dict(db.execute(REASONS).fetchall())
    marks = db.execute(
        "select label, count(*), sum(marked) from image_mark group by label order by label"
    )
    decided = db.execute("select verdict, count(*) from latest_decision group by 1 order by 1")
    return CatalogueState(*(*counts, reasons, marks.fetchall(), dict(decided.fetchall())))
