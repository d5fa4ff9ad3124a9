"""The one split, frozen: which product trains, tunes, calibrates and tests.

Products with the same picture bytes or the same normalised name and description are one duplicate
group and stay together; a hash of the group decides, so that neither order, nor time, nor the
choice of categories moves a product to another part. What moves one is another text, or news that
it is a duplicate of something.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from product_classifier.plain_text import strip_html
from product_classifier.records import Identity

TRAIN, TUNING, CALIBRATION, TEST = "train", "tuning", "calibration", "test"
ALONE = -1  # number of what a product has not
BOUNDS = ((0.80, TRAIN), (0.85, TUNING), (0.90, CALIBRATION), (1.0, TEST))


def frozen_split(identities: Iterable[Identity]) -> dict[str, str]:
    """Assign each product of a whole catalogue to a part, by product id."""
    return {product: part_of(group) for product, group in group_names(identities).items()}


def group_names(identities: Iterable[Identity]) -> dict[str, str]:
    """Name the duplicate group of each product of a whole catalogue, by product id.

    A group is known by its smallest text key: a picture that arrives later renames it only where
    it shows that a product is a duplicate of another one.
    """
    ids, texts, groups = _grouped(identities)
    names: dict[int, str] = {}
    for group, text in zip(groups, texts, strict=True):
        names[group] = min(text, names.get(group, text))
    return {identity: names[group] for identity, group in zip(ids, groups, strict=True)}


def groups_among(identities: Iterable[Identity]) -> list[int]:
    """Give each of some products, in their order, the number of its duplicate group."""
    return _grouped(identities)[2]


def part_of(group: str, bounds: Sequence[tuple[float, str]] = BOUNDS) -> str:
    """Choose the part of a duplicate group: its hash, as a number from 0 to 1, below a bound."""
    position = position_of(group)
    return next(part for bound, part in bounds if position < bound)


def position_of(group: str) -> float:
    """Map a group to a number in [0, 1), evenly and for ever."""
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def duplicate_groups(texts: Sequence[str], pictures: Sequence[str | None]) -> list[int]:
    """Give products that share a text or a picture, directly or through others, one number."""
    numbered = []
    for values in (texts, pictures):
        keys: dict[str, int] = {}
        found = (ALONE if v is None else keys.setdefault(v, len(keys)) for v in values)
        numbered.append(np.fromiter(found, np.int64))
    return list(joined_groups(*numbered).tolist())


def joined_groups(*kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give products that have a number of some kind in common, directly or through others, one.

    kinds: [products] each, numbers from 0 on, ALONE where a product has none of the kind.
    """
    count = nodes = len(kinds[0])
    products, keys = [], []
    # a graph whose nodes are the products and, after them, the numbers of each kind
    for numbers in kinds:
        having = np.flatnonzero(numbers != ALONE)
        products.append(having)
        keys.append(numbers[having] + nodes)
        nodes += int(numbers.max(initial=ALONE)) + 1
    rows, columns = np.concatenate(products), np.concatenate(keys)
    edges = coo_matrix((np.ones(len(rows), dtype=bool), (rows, columns)), shape=(nodes, nodes))
    return np.asarray(connected_components(edges, directed=False)[1][:count], np.int64)


def _grouped(identities: Iterable[Identity]) -> tuple[list[str], list[str], list[int]]:
    """Return ids, text keys and duplicate groups; texts are not kept: a million are large."""
    ids, texts, pictures = [], [], []
    for product in identities:
        ids.append(product.product_id)
        texts.append(text_key(product))
        pictures.append(product.sha256)
    return ids, texts, duplicate_groups(texts, pictures)


def text_key(product: Identity) -> str:
    """Hash the words of a product as duplicates are known by, in hexadecimal."""
    plain = strip_html(f"{product.name} {product.description}")
    text = unicodedata.normalize("NFKC", plain)
    normal = " ".join(text.casefold().split())
    # products without any text are not duplicates of each other
    source = normal or f"\0{product.product_id}"
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()
