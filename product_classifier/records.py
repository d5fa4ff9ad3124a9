"""Plain records that rooms pass to each other. Every room may import this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A node of the category tree."""

    id: str
    name: str
    parent: str | None
    path: str  # ids from below the root down to this category, joined by '/'; '' for the root
    leaf: bool
    translated: str | None = None  # the name in another language


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry of a source that could not be used, and why."""

    kind: str  # 'category', 'product' or 'image'
    item: str  # the entry's id, or its place in the source
    reason: str


@dataclass(slots=True, kw_only=True)  # frozen would take a second more for each million
class Product:
    """A product of a source."""

    id: str
    name: str
    description: str  # may hold HTML
    categories: tuple[str, ...]  # category ids, the main one first
    image: str | None  # address of the main picture: a URL, or a path below the picture folder
    more_images: tuple[str, ...] = ()  # addresses of further pictures, in the source's order
    part: str | None = None  # of the source's own split: 'train', 'validation' or 'test'
    place: str = field(default="", compare=False)  # where in the source, for messages

    @property
    def facts(self) -> tuple[object, ...]:
        """The values that have to be equal wherever a source repeats the product."""
        return self.name, self.description, self.image, self.more_images

    def contradicts(self) -> Skipped:
        """Return the Skipped entry for values that differ from those at an earlier place."""
        reason = f"id {self.id} has another name or picture at an earlier place"
        return Skipped("product", self.place or self.id, reason)


Entry = Category | Product | Skipped  # a source yields parents before their children


class Query(NamedTuple):
    """A query for products of a category."""

    category_id: str
    filters: tuple[str, ...] = ()
    sort: str = ""

    @property
    def parameters(self) -> dict[str, str | tuple[str, ...]]:
        """The parameters of the request, without key and page."""
        parameters: dict[str, str | tuple[str, ...]] = {
            "cat": self.category_id,
            "fl": self.filters,
            "sort": self.sort,
        }
        return {name: value for name, value in parameters.items() if value}

    @property
    def name(self) -> str:
        """The name of the query in bookmarks."""
        return f"products?{urlencode(self.parameters, doseq=True, safe=':')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of products from a source, with the bookmark that is committed together with it."""

    query: str  # without key and offset
    products: list[Product]
    skipped: list[Skipped]
    next_offset: int
    finished: bool  # this page is the last
    total: int | None = None  # number of products, as the source reports it
    categories: list[Category] = field(default_factory=list)  # not on earlier pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A product's picture: a complete file, or the reason why there is none."""

    address: str  # as in Product.image
    file: str | None = None  # path below the images folder
    sha256: str | None = None  # of the file's bytes, in hexadecimal
    width: int | None = None  # pixels
    height: int | None = None  # pixels
    error: str | None = None


class Embedded(NamedTuple):
    """A picture inside a source's file."""

    address: str  # as in Product.image; cannot be fetched from anywhere else
    data: bytes
    place: str  # in the source, for messages


class Identity(NamedTuple):
    """The values by which duplicates of a product are detected."""

    product_id: str
    name: str
    description: str
    sha256: str | None  # of the main picture's bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product as categorizers learn it: text, pictures and true categories."""

    id: str
    text: str  # name and description
    image: Image | None  # None if it is not complete
    labels: tuple[int, ...]  # positions in Dataset.categories, the main first; none if ambiguous
    part: str  # of the split: 'train', 'tuning', 'calibration' or 'test'
    more_images: tuple[Image, ...] = ()  # further complete ones, as many as selected
    marked_images: int = 0  # marked pictures left out, since the product has unmarked ones


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The products of the selected categories; label k is categories[k]."""

    categories: tuple[Category, ...]
    above: tuple[tuple[str, ...], ...]  # ancestors of each category, parent first, without root
    items: tuple[Item, ...]
    name: str  # of the selection, as in the name of an experiment
    split: str  # hash of products and parts: experiments with equal hashes are comparable
    left_out: tuple[str, ...]  # categories that cannot be learned, with the reason
    settings: Mapping[str, Any]  # of the selection

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
        """The number of pictures that are left out because of their marks."""
        return sum(item.marked_images for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryState:
    """The progress of a crawl in a category."""

    path: str  # '' for the root
    name: str
    leaf: bool
    products: int  # crawled products in the category itself
    expected: int | None  # number of products, as the source reports it
    finished: bool  # read to the end that the source allows
    error: str | None  # why reading stopped before the end


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlState:
    """The progress of a crawl, and its failures."""

    categories: list[CategoryState]  # in the order of their paths
    products: int
    pictures: int  # complete ones
    waiting: int  # main pictures not tried yet
    further: int  # further pictures of products, not tried yet
    broken: dict[str, int]  # pictures without file, by reason
    marked: dict[str, int]  # complete pictures that crawl.py --filter-images marked, by label
    skipped: dict[str, int]  # categories and products that could not be used, by reason


@dataclass(frozen=True, slots=True)
class Decided:
    """A line of a review file with a decision of a person."""

    line: int  # of the file
    product_id: str
    decision: str  # 'keep', 'ambiguous', or a category's id or path


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision about a product's label."""

    product_id: str
    verdict: str  # 'keep', 'move' or 'ambiguous'
    category_id: str | None = None  # the right category, for 'move'


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueState:
    """Numbers of products by contents, of marked pictures, and of decisions."""

    products: int
    no_name: int
    no_description: int
    no_text: int  # products without name and description
    no_picture: int  # products without picture in their source
    waiting_pictures: int  # products whose picture was not tried yet
    lost_pictures: int  # products whose picture could not be fetched
    reasons: dict[str, int]  # products by the reason of the failure, the most frequent first
    marks: list[tuple[str, int, int]]  # label, pictures scored, pictures marked
    decided: dict[str, int]  # products by verdict


@dataclass(frozen=True, slots=True)
class Sample:
    """A product to show as an example of its category."""

    product_id: str
    name: str
    image: str | None  # address of its picture
    file: str | None  # path below the images folder, if the picture is complete


class Report(NamedTuple):
    """The answer to a question about a catalogue: as text, as values for programs, as a page."""

    text: str
    values: Any = None  # serializable as JSON; None: the text only names the written files
    page: str | None = None
    shortfalls: Sequence[str] = ()  # one line for each required figure that was missed


@dataclass(frozen=True, kw_only=True)
class CrawlScope:
    """The categories, products and pictures that a crawl is to fetch."""

    root: str
    max_per_category: int
    images_per_product: int
    pictures: Path | None  # folder of local pictures; files outside are not read
    refresh: str | None  # a date; rows fetched earlier are fetched again
    parts: Sequence[str]  # of 'categories', 'products' and 'images'


@dataclass(frozen=True)
class FeaturePaths:
    """The folders of pictures and of the cache, and the network that reads the pictures."""

    images: Path
    cache: Path
    backbone: str | None = None  # None: the network of the experiment or the saved model
    weights: Path | None = None  # a file, for a network given by name
