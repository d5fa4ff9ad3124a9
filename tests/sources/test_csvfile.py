"""Reading CSV files, good and bad."""

from pathlib import Path

import pytest

from product_classifier.errors import SourceError
from product_classifier.records import Category, Product, Skipped
from product_classifier.sources.csvfile import Contents, read_csv

HEADER = "id,name,description,category_path,image\n"


def read(tmp_path: Path, text: str | bytes, separator: str = "/") -> Contents:
    file = tmp_path / "products.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_csv(file, tmp_path, separator)


def test_a_line_becomes_a_product_and_its_path_a_branch(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + 'a1,Red belt,"Soft, wide",Women/Belts,images/a1.jpg\n')
    assert contents == Contents(
        [
            Category("Women", "Women", None, "Women", False),
            Category("Women/Belts", "Belts", "Women", "Women/Belts", True),
        ],
        [Product("a1", "Red belt", "Soft, wide", ("Women/Belts",), f"{tmp_path}/images/a1.jpg")],
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
    assert [c.id for c in contents.categories if c.leaf] == ["Men/Jackets", "Women/Jackets"]


def test_a_category_with_products_and_categories_below_is_no_leaf(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + "1,x,,Women,\n2,y,,Women/Jackets,\n")
    assert [c.id for c in contents.categories if c.leaf] == ["Women/Jackets"]


def test_a_repeated_id_adds_a_category(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + "1,x,,A/B,\n1,x,,A/C,\n1,x,,A/B,\n")
    assert [product.categories for product in contents.products] == [("A/B", "A/C")]
    assert contents.skipped == []


def test_a_repeated_id_of_another_product_is_skipped_and_said(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + "1,x,,A/B,\n1,other,,A/B,\n")
    assert [product.name for product in contents.products] == ["x"]
    reason = "id 1 stands in an earlier line with another name or picture"
    assert contents.skipped == [Skipped("product", "products.csv line 3", reason)]


def test_a_line_without_id_is_skipped_and_said(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + ",x,,A/B,\n2,y,,A/B,\n")
    assert contents.skipped == [Skipped("product", "products.csv line 2", "it has no id")]


def test_a_product_without_category_is_still_a_product(tmp_path: Path) -> None:
    contents = read(tmp_path, HEADER + "1,x,,,\n")
    assert contents.products == [Product("1", "x", "", (), None)]


def test_description_and_image_may_be_absent_and_columns_in_any_order(tmp_path: Path) -> None:
    contents = read(tmp_path, "category_path,id,name\nA/B,1,x\n")
    assert contents.products == [Product("1", "x", "", ("A/B",), None)]


def test_a_byte_order_mark_and_short_lines_do_no_harm(tmp_path: Path) -> None:
    contents = read(tmp_path, b"\xef\xbb\xbf" + HEADER.encode() + b"1,x\n")
    assert contents.products == [Product("1", "x", "", (), None)]


@pytest.mark.parametrize("cell", ["/home/anna/pictures/a.jpg", "../elsewhere/a.jpg"])
def test_a_picture_is_known_by_its_name_where_its_path_is_of_another_machine(
    tmp_path: Path, cell: str
) -> None:
    (tmp_path / "a.jpg").touch()
    assert read(tmp_path, HEADER + f"1,x,,A/B,{cell}\n").products[0].image == f"{tmp_path}/a.jpg"


def test_a_picture_that_is_nowhere_keeps_an_address_below_the_folder(tmp_path: Path) -> None:
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


def test_a_column_may_name_further_pictures(tmp_path: Path) -> None:
    lines = "1,x,A/B,a.jpg,b.jpg| http://shop/c.jpg ||b.jpg|a.jpg\n2,y,A/B,,d.jpg\n3,z,A/B,e.jpg\n"
    found = {p.id: (p.image, p.more_images) for p in read(tmp_path, MORE + lines).products}
    assert found == {
        "1": (f"{tmp_path}/a.jpg", (f"{tmp_path}/b.jpg", "http://shop/c.jpg")),
        "2": (None, (f"{tmp_path}/d.jpg",)),
        "3": (f"{tmp_path}/e.jpg", ()),
    }


def test_a_repeated_id_with_other_further_pictures_is_skipped_and_said(tmp_path: Path) -> None:
    contents = read(tmp_path, MORE + "1,x,A/B,a,b\n1,x,A/C,a,b\n1,x,A/D,a,c\n")
    assert [p.categories for p in contents.products] == [("A/B", "A/C")]
    assert [p.more_images for p in contents.products] == [(f"{tmp_path}/b",)]
    assert [entry.item for entry in contents.skipped] == ["products.csv line 4"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "lacks the column id and name and category_path; its first line names nothing"),
        (b"id,title,category_path\n1,x,A\n", "lacks the column name; its first line names id, ti"),
        (HEADER.encode(), "has a header but no products"),
        (HEADER.encode() + b",x,,A/B,\n", "none of its 1 lines has an id"),
        (HEADER.encode() + b"1,caf\xe9,,A/B,\n", "is not utf-8.*0xe9.*--encoding"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read(tmp_path, text)


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "latin.csv"
    file.write_bytes(HEADER.encode() + b"1,caf\xe9,,A/B,\n")
    assert read_csv(file, tmp_path, encoding="cp1252").products[0].name == "café"


def test_an_encoding_that_does_not_fit_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "1,x,,A/B,\n")
    with pytest.raises(SourceError, match=r"is not utf-16 .*--encoding"):
        read_csv(tmp_path / "a.csv", tmp_path, encoding="utf-16")


def test_an_empty_separator_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--path-separator"):
        read(tmp_path, HEADER + "1,x,,A/B,\n", separator="")


def test_an_unknown_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER)
    with pytest.raises(SourceError, match="no encoding is called 'klingon'"):
        read_csv(tmp_path / "a.csv", tmp_path, encoding="klingon")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        read_csv(tmp_path / "none.csv", tmp_path)
