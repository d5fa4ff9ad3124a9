"""The frozen split of products into training, tuning, calibration and test parts.

Products with the same picture bytes or the same normalized name and description form a duplicate
group and stay together. A hash of the group decides, so a product's part is independent of order,
time and the choice of categories. It changes only if the product's text changes or if the product
turns out to be a duplicate of another.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from product_classifier.printable import strip_html
from product_classifier.records import Identity

TRAIN, TUNING, CALIBRATION, TEST = "train", "tuning", "calibration", "test"
ALONE = -1  # stands for a missing text or picture
BOUNDS = ((0.80, TRAIN), (0.85, TUNING), (0.90, CALIBRATION), (1.0, TEST))


def frozen_split(identities: Iterable[Identity]) -> dict[str, str]:
    """Return the part of each product of a whole catalogue, by product id."""
    return {product: part_of(group) for product, group in group_names(identities).items()}


def group_names(identities: Iterable[Identity]) -> dict[str, str]:
    """Return the name of the duplicate group of each product of a whole catalogue, by product id.

    The name is the group's smallest text key, so a picture that arrives later renames a group only
    if it shows that a product is a duplicate of another.
    """
    ids, texts, groups = _grouped(identities)
    names: dict[int, str] = {}
    for group, text in zip(groups, texts, strict=True):
        names[group] = min(text, names.get(group, text))
    return {identity: names[group] for identity, group in zip(ids, groups, strict=True)}


def groups_among(identities: Iterable[Identity]) -> list[int]:
    """Return the number of the duplicate group of each product, in the order of identities."""
    return _grouped(identities)[2]


def part_of(group: str, bounds: Sequence[tuple[float, str]] = BOUNDS) -> str:
    """Return the part of a duplicate group: the first whose bound is above the group's position."""
    position = position_of(group)
    return next(part for bound, part in bounds if position < bound)


def position_of(group: str) -> float:
    """Return the position of a group in [0, 1), which is uniform and depends on its name alone."""
    digest = hashlib.sha256(group.encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def duplicate_groups(texts: Sequence[str], pictures: Sequence[str | None]) -> list[int]:
    """Return the group of each product; those linked by equal texts or pictures share a group."""
    numbered = []
    for values in (texts, pictures):
        keys: dict[str, int] = {}
        numbers = (ALONE if v is None else keys.setdefault(v, len(keys)) for v in values)
        numbered.append(np.fromiter(numbers, np.int64))
    return list(joined_groups(*numbered).tolist())


def joined_groups(*kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the group of each product, [products]: those linked by equal numbers share a group.

    kinds: [products] each, numbers from 0, ALONE for a product without a number of the kind.
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
    """Return ids, text keys and duplicate groups, without the texts, which take much memory."""
    ids, texts, pictures = [], [], []
    for product in identities:
        ids.append(product.product_id)
        texts.append(text_key(product))
        pictures.append(product.sha256)
    return ids, texts, duplicate_groups(texts, pictures)


def text_key(product: Identity) -> str:
    """Return the SHA-256 of a product's normalized text, by which duplicates are recognized."""
    plain = strip_html(f"{product.name} {product.description}")
    text = unicodedata.normalize("NFKC", plain)
    normal = " ".join(text.casefold().split())
    # products without any text are not duplicates of each other
    source = normal or f"\0{product.product_id}"
    return hashlib.sha256(source.encode(errors="surrogatepass")).hexdigest()
