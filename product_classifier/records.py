"""The plain records that rooms hand to each other. Every room may import this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the category tree."""

    id: str
    name: str
    parent: str | None
    path: str  # ids from below the root down to this one, joined by '/'; '' for the root
    leaf: bool
    translated: str | None = None  # the name in another language


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something a source offered that could not be used, and why."""

    kind: str  # 'category', 'product' or 'image'
    item: str  # its id, or where it stood
    reason: str


@dataclass(slots=True)  # frozen ones take a second more for each million
class Product:
    """What a source knows of one product."""

    id: str
    name: str
    description: str  # may hold HTML
    categories: tuple[str, ...]  # category ids, the main one first
    image: str | None  # address of its picture: a URL, or a path below the folder of pictures
    more_images: tuple[str, ...] = ()  # addresses of further ones, in the source's order
    part: str | None = None  # of the source's own split: 'train', 'validation' or 'test'
    place: str = field(default="", compare=False)  # where the source has it, for messages

    @property
    def facts(self) -> tuple[object, ...]:
        """What must not differ where a source has it in several places."""
        return self.name, self.description, self.image, self.more_images

    def contradicts(self) -> Skipped:
        """Tell that an earlier place of the source has other facts of the same id."""
        reason = f"id {self.id} stands in an earlier place with another name or picture"
        return Skipped("product", self.place or self.id, reason)


Entry = Category | Product | Skipped  # what a source yields; parents come before children


class Query(NamedTuple):
    """A query for products of a category."""

    category_id: str
    filters: tuple[str, ...] = ()
    sort: str = ""

    @property
    def parameters(self) -> dict[str, str | tuple[str, ...]]:
        """What is asked, without key and page."""
        asked: dict[str, str | tuple[str, ...]] = {
            "cat": self.category_id,
            "fl": self.filters,
            "sort": self.sort,
        }
        return {name: value for name, value in asked.items() if value}

    @property
    def name(self) -> str:
        """How bookmarks name it."""
        return f"products?{urlencode(self.parameters, doseq=True, safe=':')}"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a source, with the bookmark that is committed together with it."""

    query: str  # what was asked, without key and offset
    products: list[Product]
    skipped: list[Skipped]
    next_offset: int
    finished: bool  # nothing lies beyond this page
    total: int | None = None  # products there are, as the source says
    categories: list[Category] = field(default_factory=list)  # that were not told before


@dataclass(frozen=True, slots=True)
class Image:
    """A product's picture: a complete file, or the reason why there is none."""

    address: str  # as in Product.image
    file: str | None = None  # path below the images folder
    sha256: str | None = None  # of the file's bytes, in hexadecimal
    width: int | None = None  # pixels
    height: int | None = None  # pixels
    error: str | None = None


class Embedded(NamedTuple):
    """A picture that a source holds itself."""

    address: str  # as in Product.image; nobody else can be asked for it
    data: bytes
    place: str  # where it stands in the source


class Identity(NamedTuple):
    """What makes a product the duplicate of another one."""

    product_id: str
    name: str
    description: str
    sha256: str | None  # of its picture's bytes


@dataclass(frozen=True, slots=True)
class Item:
    """A product as the categorizers see it: its text, its picture, its true categories."""

    id: str
    text: str  # name and description
    image: Image | None  # only a complete one
    labels: tuple[int, ...]  # positions in Dataset.categories, the main first; none if ambiguous
    part: str  # of the split: 'train', 'tuning', 'calibration' or 'test'
    more_images: tuple[Image, ...] = ()  # further complete ones, as many as were asked for
    marked_images: int = 0  # those left out because others are there that are not marked


@dataclass(frozen=True)
class Dataset:
    """The products of the chosen categories; label k stands for categories[k]."""

    categories: tuple[Category, ...]
    above: tuple[tuple[str, ...], ...]  # of each category: its parent, and so on; not the root
    items: tuple[Item, ...]
    name: str  # how an experiment names this choice of categories
    split: str  # hash of which product is in which part: equal hashes can be compared
    left_out: tuple[str, ...]  # categories that cannot be learned, with the reason
    settings: Mapping[str, Any]  # what was asked for

    @property
    def images(self) -> list[Image | None]:
        """The main picture of each item."""
        return [item.image for item in self.items]

    @property
    def more_images(self) -> list[tuple[Image, ...]]:
        """The further pictures of each item."""
        return [item.more_images for item in self.items]

    @property
    def marked_images(self) -> int:
        """How many pictures are left out because of their marks."""
        return sum(item.marked_images for item in self.items)


@dataclass(frozen=True, slots=True)
class CategoryState:
    """What a crawl has brought of a category."""

    path: str  # '' for the root
    name: str
    leaf: bool
    found: int  # products that are in this very category
    expected: int | None  # products there are, as the source says
    finished: bool  # read to its end, as far as the source lets
    error: str | None  # why it could not be read further


@dataclass(frozen=True, slots=True)
class CrawlState:
    """What a crawl has brought, and what it could not."""

    categories: list[CategoryState]  # in the order of their paths
    products: int
    pictures: int  # complete ones
    waiting: int  # main pictures not tried yet
    further: int  # other pictures of products, not asked for or not tried yet
    broken: dict[str, int]  # pictures by the reason why there is no file
    marked: dict[str, int]  # complete pictures that crawl.py --filter-images marked, by label
    skipped: dict[str, int]  # categories and products by the reason why they could not be used


@dataclass(frozen=True, slots=True)
class Decided:
    """A line of a review file in which a person has decided something."""

    line: int  # of the file
    product_id: str
    decision: str  # 'keep', 'ambiguous', or a category's id or path


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says of a product's label."""

    product_id: str
    verdict: str  # 'keep', 'move' or 'ambiguous'
    category_id: str | None = None  # where it belongs, if it is to move


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """What the products of a catalogue have and lack, what is said of their pictures and labels."""

    products: int
    no_name: int
    no_description: int
    no_text: int  # products without name and description
    no_picture: int  # products that their source has none of
    waiting_pictures: int  # products whose picture was not tried yet
    lost_pictures: int  # products whose picture could not be had
    reasons: dict[str, int]  # why not, and of how many products; the most first
    marks: list[tuple[str, int, int]]  # label, pictures looked at, and marked
    decided: dict[str, int]  # products by what a person said of their label


@dataclass(frozen=True, slots=True)
class Sample:
    """A product as it is shown among others of its category."""

    product_id: str
    name: str
    image: str | None  # address of its picture
    file: str | None  # path below the images folder, if the picture is complete


class Report(NamedTuple):
    """The answer to a question about a catalogue: as text, as values for programs, as a page."""

    text: str
    values: Any = None  # what JSON can hold; None: the text only says what was written where
    page: str | None = None
    shortfalls: Sequence[str] = ()  # what was required and is not so, a line each
