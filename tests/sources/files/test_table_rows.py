"""Valid and invalid tables, read as CSV."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from product_classifier.errors import SourceError
from product_classifier.records import Category, Product, Skipped
from product_classifier.sources.formats import SourceOptions, open_source

HEADER = "id,name,description,category_path,image\n"


class Contents(NamedTuple):
    categories: list[Category]
    products: list[Product]
    skipped: list[Skipped]


def read(
    folder: Path,
    text: str | bytes,
    separator: str | None = None,
    encoding: str | None = None,
    by_id: bool = False,
    columns: Mapping[str, Sequence[str]] = {},
) -> Contents:
    file = folder / "products.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    options = SourceOptions(
        path=file,
        images=folder,
        by_id=by_id,
        columns=columns,
        separator=separator,
        encoding=encoding,
    )
    entries = list(open_source("csv", options).entries())
    return Contents(
        [entry for entry in entries if isinstance(entry, Category)],
        [entry for entry in entries if isinstance(entry, Product)],
        [entry for entry in entries if isinstance(entry, Skipped)],
    )


def test_a_line_becomes_a_product_and_its_path_becomes_categories(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + 'a1,Red belt,"Soft, wide",Women/Belts,images/a1.jpg\n')
    assert contents == Contents(
        [
            Category(id="Women", name="Women", parent=None, path="Women", leaf=True),
            Category(id="Women/Belts", name="Belts", parent="Women", path="Women/Belts", leaf=True),
        ],
        [
            Product(
                id="a1",
                name="Red belt",
                description="Soft, wide",
                categories=("Women/Belts",),
                image=f"{tmp_path}/images/a1.jpg",
            )
        ],
        [],
    )


def test_any_separator_may_join_a_path_and_names_may_hold_a_slash(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + "1,x,,Women > Tops/Tees > V-neck,\n", " > ")
    assert [(c.id, c.name) for c in contents.categories] == [
        ("Women", "Women"),
        ("Women/Tops%2FTees", "Tops/Tees"),
        ("Women/Tops%2FTees/V-neck", "V-neck"),
    ]


def test_equal_names_under_different_parents_are_different_categories(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + "1,x,,Men/Jackets,\n2,y,,Women/Jackets,\n")
    assert [c.id for c in contents.categories] == [
        *("Men", "Men/Jackets", "Women", "Women/Jackets")
    ]


def test_a_line_without_id_is_skipped_and_reported(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + ",x,,A/B,\n2,y,,A/B,\n")
    assert contents.skipped == [Skipped("product", "products.csv line 2", "it has no id")]
    assert [c.id for c in read(tmp_path, HEADER + ",x,,C,\n2,y,,A,\n").categories] == ["A"]


def test_a_product_without_category_is_still_a_product(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + "1,x,,,\n")
    assert contents.products == [
        Product(id="1", name="x", description="", categories=(), image=None)
    ]


def test_description_and_image_may_be_absent_and_columns_in_any_order(tmp_path: Path) -> None:
    contents = read(tmp_path, "category_path,id,name\nA/B,1,x\n")
    assert contents.products == [
        Product(id="1", name="x", description="", categories=("A/B",), image=None)
    ]


def test_a_byte_order_mark_and_short_lines_are_accepted(tmp_path: Path) -> None:
    contents = read(tmp_path, b"\xef\xbb\xbf" + HEADER.encode() + b"1,x\n")
    assert contents.products == [
        Product(id="1", name="x", description="", categories=(), image=None)
    ]


@pytest.mark.parametrize(
    "cell", ["/home/anna/pictures/a.jpg", "../elsewhere/a.jpg", r"C:\Pictures\a.jpg"]
)
def test_a_path_of_another_machine_leads_to_the_picture_of_the_same_file_name(
    tmp_path: Path, cell: str
) -> None:
    (tmp_path / "a.jpg").touch()
    assert read(tmp_path, HEADER + f"1,x,,A/B,{cell}\n").products[0].image == f"{tmp_path}/a.jpg"


def test_a_picture_that_does_not_exist_keeps_an_address_below_the_folder(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + f"1,x,,A/B,/home/a.jpg\n2,y,,A/B,{'x' * 999}\n")
    assert [p.image for p in contents.products] == [
        f"{tmp_path}/home/a.jpg",
        f"{tmp_path}/{'x' * 999}",
    ]


def test_pictures_may_lie_directly_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    contents = read(tmp_path, HEADER + "1,x,,A/B,images/a.jpg\n2,y,,A/B,http://shop/b.jpg\n")
    assert [p.image for p in contents.products] == [f"{tmp_path}/a.jpg", "http://shop/b.jpg"]


MORE = "id,name,category_path,image,more_images\n"


def test_a_column_may_list_further_pictures(tmp_path: Path) -> None:
    lines = "1,x,A/B,a.jpg,b.jpg| http://shop/c.jpg ||b.jpg|a.jpg\n2,y,A/B,,d.jpg\n3,z,A/B,e.jpg\n"
    pictures = {p.id: (p.image, p.more_images) for p in read(tmp_path, MORE + lines).products}
    assert pictures == {
        "1": (f"{tmp_path}/a.jpg", (f"{tmp_path}/b.jpg", "http://shop/c.jpg")),
        "2": (None, (f"{tmp_path}/d.jpg",)),
        "3": (f"{tmp_path}/e.jpg", ()),
    }


BAD = [
    (
        "1,x,,A/B,../../etc/passwd\n",
        "image",
        "its picture ../../etc/passwd is outside the folder",
    ),
    ("1,caf\udce9,,A/B,\n", "product", "byte 0xe9 is not utf-8; pass its --encoding, such as cp1"),
    ("1,x,,A/B,,left,over\n", "product", "it has 7 cells where the header has 5"),
    ("1,x,,A/B,,,\n", "", ""),
    ('1,"x,,A/B,\n', "product", "a quote in it is not closed"),
    (",x,,A/B,\n", "product", "it has no id"),
]


@pytest.mark.parametrize(("line", "kind", "reason"), BAD)
def test_a_bad_line_does_not_affect_others(
    tmp_path: Path, line: str, kind: str, reason: str
) -> None:
    text = f"{HEADER}0,first,,A/B,\n{line}2,second,,A/B,\n3,third,,A/B,\n"
    contents = read(tmp_path, text.encode(errors="surrogateescape"))
    names = [product.name for product in contents.products]
    assert [name for name in names if name != "x"] == ["first", "second", "third"]
    skipped = [(entry.kind, entry.item) for entry in contents.skipped]
    assert skipped == ([(kind, "products.csv line 3")] if kind else [])
    assert all(entry.reason.startswith(reason) for entry in contents.skipped)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_file_cut_anywhere_yields_the_products_before_the_cut(tmp_path: Path, cut: int) -> None:
    lines = [f'{k},"name, {k}",text,A/B,\n' for k in range(3)]
    contents = read(tmp_path, (HEADER + "".join(lines))[:-cut])
    lost = min(cut - 1, 1) + (cut - 1) // len(lines[0]) if cut > 1 else 0
    expected = [f"name, {k}" for k in range(3 - lost)]
    assert [product.name for product in contents.products][: len(expected)] == expected
    assert len(contents.products) + len(contents.skipped) <= 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "lacks the columns id and name and category_path; its columns are none"),
        (
            b"id,called,category_path\n1,x,A\n",
            "lacks the column name; its columns are id, called, c",
        ),
        (HEADER.encode(), "has a header but no products"),
        (
            HEADER.encode() + b",x,,A/B,\n",
            "none of its 1 lines can be used; the first problem: it has no id",
        ),
        (HEADER.encode() + b"1,caf\xe9,,A/B,\n", "0xe9 is not utf-8.*--encoding"),
    ],
)
def test_an_unusable_file_is_refused_with_the_reason(
    tmp_path: Path, text: bytes, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        read(tmp_path, text)


def test_a_file_that_ends_within_quotes_is_reported(tmp_path: Path) -> None:
    for rest in ('"a', '"a\n', '"a\nb', '"a\nb\n'):
        contents = read(tmp_path, HEADER + f"1,x,,A/B,\n2,y,{rest}")
        assert [product.id for product in contents.products] == ["1"]
        assert contents.skipped[0].item == "products.csv line 3"


def test_an_encoding_can_be_given_or_detected(tmp_path: Path) -> None:
    text = HEADER + "1,café,,A/B,\n"
    for encoded, encoding in (("cp1252", "cp1252"), ("utf-16", None), ("utf-8-sig", None)):
        contents = read(tmp_path, text.encode(encoded), encoding=encoding)
        assert [product.name for product in contents.products] == ["café"]


def test_an_encoding_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is not utf-16 .*--encoding"):
        read(tmp_path, HEADER + "1,x,,A/B,\n", encoding="utf-16")


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="unknown encoding 'klingon'"):
        read(tmp_path, HEADER, encoding="klingon")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        open_source("csv", SourceOptions(path=tmp_path / "none.csv", images=tmp_path))


@pytest.mark.parametrize(
    ("text", "name", "path"),
    [
        ("sku;title;category\n1;a, b;A > B\n", "a, b", "A/B"),
        ('product_id\tproduct_name\tproduct_type\n1\t32" TV\tA > B\n', '32" TV', "A/B"),
        ('id\tname\tcategory\n1\t"a ""b"""\tA->B\n', 'a "b"', "A/B"),
        ("id|name|category\n1|a;b|A/B\n", "a;b", "A/B"),
        ("'id','name','category'\n'1','a,b','A/B'\n", "a,b", "A/B"),
        ("sep=;\nid;name;category\n1;a;A/B\n", "a", "A/B"),
        ("ID,Product Name,Category\n1,a,A/B\n", "a", "A/B"),
        ("id,name,category_level1,category_level2\n1,a,A,B/C\n", "a", "A/B%2FC"),
    ],
)
def test_delimiters_quotes_and_columns_are_detected(
    tmp_path: Path, text: str, name: str, path: str
) -> None:
    [product] = read(tmp_path, text).products
    assert (product.id, product.name, product.categories) == ("1", name, (path,))


def test_columns_can_be_given(tmp_path: Path) -> None:
    text = "nr,label,dept,class,id\n1,a,A,B,x\n2,b,A,,y\n"
    columns = {"id": ["nr"], "name": ["label"], "category_path": ["dept", "class"]}
    products = read(tmp_path, text, columns=columns).products
    assert {p.id: (p.name, p.categories) for p in products} == {
        "1": ("a", ("A/B",)),
        "2": ("b", ("A",)),
    }
    nowhere: dict[str, list[str]] = {"id": ["nr"], "name": ["label"], "category_path": []}
    assert all(not p.categories for p in read(tmp_path, text, columns=nowhere).products)
    with pytest.raises(SourceError, match="lacks the column size of --columns; its columns are nr"):
        read(tmp_path, text, columns={"name": ["size"]})


def test_lines_without_id_and_name_yield_only_categories(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + ",,,A/B,\n1,x,,A/C,\n")
    assert [category.id for category in contents.categories] == ["A", "A/B", "A/C"]
    assert [product.id for product in contents.products] == ["1"]
    assert contents.skipped == []


def test_categories_may_have_ids_of_their_own(tmp_path: Path) -> None:
    lines = ["7,A > B,1", "8,A > B,1", "9,A > B,2", "10 > 11,A > B,3", "7,A > C,4", "99,,5"]
    contents = read(
        tmp_path, "category_id,category_path,id,name\n" + "".join(f"{k},x\n" for k in lines)
    )
    assert [(c.id, c.parent, c.name, c.path) for c in contents.categories] == [
        ("A", None, "A", "A"),
        ("7", "A", "B", "A/7"),
        ("8", "A", "B", "A/8"),
        ("9", "A", "B", "A/9"),
        ("10", None, "A", "10"),
        ("11", "10", "B", "10/11"),
    ]
    assert [(p.id, p.categories) for p in contents.products] == [
        *(("1", ("7",)), ("1", ("8",)), ("2", ("9",)), ("3", ("11",)), ("4", ()), ("5", ())),
    ]
    assert [(s.kind, s.reason) for s in contents.skipped] == [
        ("category", "category 7 appears earlier as 'B' below A"),
        ("category", "its category 99 has no name or path in this source"),
    ]


def test_pictures_may_be_named_by_the_ids_of_their_products(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").touch()
    text = (
        "sku;title;category;image_url\n1;a;A > B;http://shop/x.jpg\n2;b;A > B;http://shop/y.jpg\n"
    )
    contents = read(tmp_path, text, by_id=True)
    assert [p.image for p in contents.products] == [f"{tmp_path}/1.jpg", "http://shop/y.jpg"]
    assert read(tmp_path, text).products[0].image == "http://shop/x.jpg"
    evil = "sku;title;category\n../1;a;A > B\n"
    assert read(tmp_path, evil, by_id=True).products[0].image is None


def test_a_stray_quote_loses_only_its_own_line_however_much_follows(tmp_path: Path) -> None:
    lines = [f"{k},name {k},,A/B,\n" for k in range(40_000)]
    lines[10] = '10,"name,,A/B,\n'
    contents = read(tmp_path, HEADER + "".join(lines))
    assert [entry.item for entry in contents.skipped] == ["products.csv line 12"]
    assert len(contents.products) == 39_999


def test_the_sources_own_split_is_kept(tmp_path: Path) -> None:
    text = "id,name,category,split\n1,a,A,train\n2,b,A,val\n3,c,A,Test\n4,d,A,\n"
    parts = [product.part for product in read(tmp_path, text).products]
    assert parts == ["train", "validation", "test", None]


def test_translated_names_are_kept_with_the_sources_own(tmp_path: Path) -> None:
    levels = ("category_level1", "category_level2")
    header = ["category_id", *levels, *(f"translated_{level}" for level in levels)]
    lines = ["7,MAISON,DECO / LAMPE,home,lamps", "8,MAISON,LINGE,home,"]
    contents = read(tmp_path, "\n".join([",".join(header), *lines]) + "\n")
    assert [(c.id, c.name, c.path, c.translated) for c in contents.categories] == [
        ("MAISON", "MAISON", "MAISON", "home"),
        ("7", "DECO / LAMPE", "MAISON/7", "lamps"),
        ("8", "LINGE", "MAISON/8", None),
    ]
    assert (contents.products, contents.skipped) == ([], [])
