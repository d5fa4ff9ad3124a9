"""Old databases → today's format, in one transaction that is checked before it is committed.

Format 0 is the file of gtoubassi/ProductClassification: four tables of the same names, numbers as
product ids, one category for each product.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from product_classifier.errors import StoreError

LATEST = 7

OLD_TABLES = ("category", "product", "experiment", "predicted_category")
TABLES = {*OLD_TABLES, "product_category", "image", "bookmark", "skipped"}

FROM_0 = """
with recursive tree (id, parent, leaf, path) as (
  select id, parent, coalesce(leaf, 0), '' from old_category
    where parent is null or parent not in (select id from old_category)
  union
  select c.id, c.parent, coalesce(c.leaf, 0), ltrim(tree.path || '/' || c.id, '/')
    from old_category c join tree on c.parent = tree.id)
insert into category (id, parent, leaf, path, name) select id, parent, leaf, path, id from tree;
insert into product (id, category_id, image, name, description, date)
  select cast(id as text), (select id from category c where c.id = category_id),
    nullif(image, ''), coalesce(name, ''), coalesce(description, ''), '1970-01-01T00:00:00Z'
  from old_product;
insert into product_category (product_id, category_id)
  select id, category_id from product where category_id is not null;
insert into experiment (id, name, date)
  select id, coalesce(name, ''), coalesce(date, '') from old_experiment;
insert or ignore into predicted_category (experiment_id, product_id, category_id, score)
  select experiment_id, cast(product_id as text), category_id, coalesce(score, 0)
  from old_predicted_category
  where experiment_id in (select id from experiment)
    and cast(product_id as text) in (select id from product)
    and category_id in (select id from category);
update category set product_count =
  (select count(*) from product_category where category_id = category.id);
"""

CHANGES = {  # version → what its successor changes; what is new comes from schema.sql
    1: """
alter table bookmark add column total integer;
alter table experiment add column seal text;
""",
    2: "update experiment set seal = null;",  # it summed up rows in another way
    3: "",
    4: "",
    5: "",
    6: "",
}
NEW = {  # version → tables and views that its successor has more
    2: ("table predicted_path", "table certificate"),
    3: (
        *("table decision", "view latest_decision", "view ambiguous", "view moved"),
        *("view true_category", "view corrected_product", "table audit"),
        *("table label_search", "table suspicion", "table neighbour"),
    ),
    4: ("table outside",),
    5: ("table product_image",),
    6: ("table translated_category", "table image_mark", "table given_part"),
}


def migration(path: Path, version: int, tables: Set[str], schema: str) -> str:
    """Write what brings an old database up to date. Raises StoreError for one of something else."""
    if version in CHANGES and tables >= TABLES:
        versions = range(version, LATEST)
        changes = [CHANGES[known] for known in versions]
        new = [_creation(schema, name) for known in versions for name in NEW.get(known, ())]
        return "\n".join([*changes, *new, f"pragma user_version = {LATEST};"])
    if version == 0 and tables >= {"schema_version", *OLD_TABLES}:
        aside = [f"alter table {name} rename to old_{name};" for name in OLD_TABLES]
        drop = [f"drop table old_{name};" for name in OLD_TABLES] + ["drop table schema_version;"]
        return "\n".join([*aside, schema, FROM_0, *drop])
    raise StoreError(f"{path} is a database of another program; pass another --db-path")


def _creation(schema: str, name: str) -> str:
    """Find the paragraph of schema.sql that creates a table or view."""
    start = f"create {name} "
    return next(part for part in schema.split("\n\n") if part.startswith(start))
