"""The products and labels of a categorizer."""

import sqlite3
from pathlib import Path

import pytest

from product_classifier.errors import StoreError
from product_classifier.models.split import frozen_split, group_names
from product_classifier.recipes.select_products import select
from product_classifier.records import Category, Dataset, Image
from product_classifier.selection import Selection
from product_classifier.store.database import open_database, snapshot
from product_classifier.store.dataset import read_identities
from product_classifier.store.products import save_images
from tests.conftest import TREE, dataset_of, product, save_import, shop


def read(db: sqlite3.Connection, *chosen: str, fewest: int = 1) -> Dataset:
    return select(db, Selection(categories=chosen, min_per_category=fewest))[0]


def learned(dataset: Dataset) -> list[str]:
    return [category.id for category in dataset.categories]


def test_without_a_choice_every_leaf_that_is_large_enough_is_learned(
    db: sqlite3.Connection,
) -> None:
    shop(db)
    save_import(db, [], [product(f"more-{k}", "belts") for k in range(9)], [], "products.csv")
    assert learned(read(db, fewest=30)) == ["belts", "bootcut", "flare"]
    with pytest.raises(StoreError, match="second largest leaf has 30"):
        read(db, fewest=31)


def test_rows_that_a_crawl_commits_meanwhile_are_not_read(
    db: sqlite3.Connection, tmp_path: Path
) -> None:
    shop(db)
    with snapshot(db):
        parts = frozen_split(read_identities(db))
        with open_database(tmp_path / "crawl.db") as crawl:
            crawl.execute("pragma busy_timeout = 0")
            with pytest.raises(sqlite3.OperationalError, match="locked"):  # it waits
                save_import(crawl, [], [product("new", "belts")], [], "products.csv")
        dataset = dataset_of(db, parts)
    assert all(item.id != "new" for item in dataset.items)


def test_leaves_are_chosen_by_id_or_path(db: sqlite3.Connection) -> None:
    shop(db)
    dataset = read(db, "jeans/flare", "belts")
    assert learned(dataset) == ["flare", "belts"]
    assert len(dataset.items) == 60


def test_an_item_has_its_text_its_labels_and_its_complete_picture(db: sqlite3.Connection) -> None:
    shop(db)
    two = product("two", "flare", "belts", name="Wide &amp; buckled", image="http://a")
    lost = product("lost", "belts", image="http://b")
    save_import(db, [], [two, lost], [], "products.csv")
    save_images(db, [Image(address="http://a", file="ab/ab.jpg", sha256="ab", width=3, height=4)])
    save_images(db, [Image(address="http://b", error="HTTP 404")])
    dataset = read(db, "belts", "flare")
    by_id = {item.id: item for item in dataset.items}
    assert by_id["two"].text == "Wide &amp; buckled\n"
    assert by_id["two"].labels == (1, 0)  # its main category first
    assert by_id["two"].image == Image(
        address="http://a", file="ab/ab.jpg", sha256="ab", width=3, height=4
    )
    assert by_id["lost"].image is None


@pytest.mark.parametrize(
    ("count", "shown"),
    [(1, ()), (2, ("http://b",)), (4, ("http://b", "http://d")), (9, ("http://b", "http://d"))],
)
def test_an_item_has_complete_pictures_up_to_the_selected_number(
    db: sqlite3.Connection, count: int, shown: tuple[str, ...]
) -> None:
    shop(db)
    several = product("1", "belts", image="http://a", more=("http://b", "http://c", "http://d"))
    no_main = product("2", "belts", image="http://c", more=("http://b",))
    save_import(db, [], [several, no_main], [], "products.csv")
    save_images(
        db,
        [
            Image(address=a, file=f"{a[-1]}.jpg", sha256=a[-1], width=3, height=4)
            for a in ("http://a", *shown)
        ],
    )
    save_images(db, [Image(address="http://c", error="HTTP 404")])
    asked = Selection(categories=("belts", "flare"), images_per_product=count)
    dataset, _ = select(db, asked)
    by_id = {item.id: item for item in dataset.items}
    assert by_id["1"].image == Image(
        address="http://a", file="a.jpg", sha256="a", width=3, height=4
    )
    assert tuple(image.address for image in by_id["1"].more_images) == shown
    assert by_id["2"].image is None
    assert tuple(image.address for image in by_id["2"].more_images) == shown[:1]
    assert dataset.more_images == [item.more_images for item in dataset.items]
    assert dataset.settings.get("images_per_product", 1) == count


def test_a_logo_among_further_pictures_makes_no_duplicates(db: sqlite3.Connection) -> None:
    products = [
        product(str(k), "belts", image=f"http://{k}", more=("http://logo",)) for k in range(50)
    ]
    save_import(db, TREE, products, [], "products.csv")
    shown = [f"http://{k}" for k in range(50)]
    save_images(
        db,
        [
            Image(address=a, file=f"{a[7:]}.jpg", sha256=a[7:], width=3, height=4)
            for a in ("http://logo", *shown)
        ],
    )
    assert len(set(group_names(read_identities(db)).values())) == 50


def test_items_are_in_the_order_of_their_ids_not_of_the_crawl(
    db: sqlite3.Connection,
) -> None:
    save_import(db, TREE, [], [], "products.csv")
    shop(db)
    save_import(db, [], [product("a-late-one", "flare")], [], "products.csv")
    ids = [item.id for item in read(db).items]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ((), "all (12 categories)"),
        (("c0", "c1"), "c0,c1"),
        (tuple(f"c{k}" for k in range(10)), "c0,c1,c2,c3,c4,c5,c6,c7,c8,c9"),
        (tuple(f"c{k}" for k in range(12)), "c0,c1,c2,c3,c4... (12 total)"),
    ],
)
def test_experiments_are_named_as_in_the_earlier_system(
    db: sqlite3.Connection, chosen: tuple[str, ...], name: str
) -> None:
    leaves = [
        Category(id=f"c{k}", name="", parent=None, path=f"c{k}", leaf=True) for k in range(12)
    ]
    products = [product(f"{k}-{n}", f"c{k}") for k in range(12) for n in range(20)]
    save_import(db, leaves, products, [], "products.csv")
    assert read(db, *chosen).name == name


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("flair", "belts"), "no category 'flair'; did you mean (jeans/)?flare"),
        (("zzz", "belts"), "no category 'zzz'; see table category"),
        (("jeans", "belts"), "'jeans' is not a leaf; .* such as bootcut,flare"),
        (("women", "belts"), "'women' is not a leaf; .* such as belts,bootcut,flare"),
        (
            ("belts",),
            "only one of .* can be learned; a categorizer needs at least two",
        ),
        (("belts", "belts"), "only one of the chosen categories"),
    ],
)
def test_an_impossible_choice_is_reported_with_similar_names(
    db: sqlite3.Connection, chosen: tuple[str, ...], message: str
) -> None:
    shop(db)
    with pytest.raises(StoreError, match=message):
        read(db, *chosen)


def test_an_empty_database_is_reported(db: sqlite3.Connection) -> None:
    with pytest.raises(StoreError, match=r"has no products; run crawl\.py first"):
        read(db)


def test_a_leaf_of_two_products_is_left_out_with_a_reason(db: sqlite3.Connection) -> None:
    shop(db)
    tiny = Category(id="tiny", name="Tiny", parent="women", path="tiny", leaf=True)
    save_import(db, [tiny], [product("t1", "tiny"), product("t2", "tiny")], [], "products.csv")
    dataset = read(db)
    assert "tiny" not in learned(dataset)
    assert dataset.left_out == ("tiny: 2 products are too few",)
    with pytest.raises(StoreError, match=r"can be learned .tiny: 2 products are too few"):
        read(db, "tiny", "belts")


def test_a_leaf_without_training_products_is_left_out_with_a_reason(db: sqlite3.Connection) -> None:
    shop(db)
    parts = frozen_split(read_identities(db))
    parts |= {identity: "test" for identity in parts if identity.startswith("belts")}
    dataset = dataset_of(db, parts)
    assert dataset.left_out == ("belts: none of its products is in the training part",)
    assert all(not item.id.startswith("belts") for item in dataset.items)


def test_a_catalogue_without_test_products_is_reported(db: sqlite3.Connection) -> None:
    shop(db, per_leaf=4)
    parts = dict.fromkeys(frozen_split(read_identities(db)), "train")
    with pytest.raises(StoreError, match="none of the 12 products is in the test part"):
        dataset_of(db, parts)


def test_equal_split_hashes_mean_comparable_experiments(db: sqlite3.Connection) -> None:
    shop(db)
    first = read(db).split
    assert read(db).split == first
    assert read(db, "belts", "flare").split != first
    save_import(db, [], [product("new", "belts")], [], "products.csv")
    assert read(db).split != first
