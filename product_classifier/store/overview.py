"""What a catalogue holds and lacks, counted."""

from __future__ import annotations

import sqlite3

from product_classifier.records import CatalogueState

COUNTS = """
select count(*),
  count(*) filter (where categories > 1), count(*) filter (where categories = 0),
  count(*) filter (where name = '' and description = ''),
  count(*) filter (where description = ''),
  count(*) filter (where image is null), count(*) filter (where error is not null)
from (
  select name, description, image, error,
    (select count(*) from product_category where product_id = product.id) as categories
  from product left join image on address = product.image)
"""


def read_overview(db: sqlite3.Connection) -> CatalogueState:
    """Count products by what they have, by leaf, and by what persons have decided."""
    [counts] = db.execute(COUNTS)
    leaves = db.execute("select path, product_count from category where leaf order by path")
    decided = db.execute("select verdict, count(*) from latest_decision group by 1 order by 1")
    return CatalogueState(*(*counts, leaves.fetchall(), dict(decided.fetchall())))
