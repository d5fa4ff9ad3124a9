"""Several pictures of a product → one bottleneck, in which no single picture decides.

It is their geometric median, the point that has the least distances to them in all: a picture of
less than half of the weight moves it only so far, however unlike the others it is (Lopuhaä and
Rousseeuw, Annals of Statistics 19, 1991). A mean goes wherever one picture pulls it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from product_classifier.store.cache import BottleneckCache

MAIN = 1.5  # what a main picture weighs, others 1: it decides between two, and alone against none
STEPS = 200  # of Weiszfeld; each takes k x k numbers, whatever the width
NEAREST = 1e-9  # of the distances' scale: where a picture is the median, its weight grows so far


def pool(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pool the k pictures of each product, float32 [products, k, width], into [products, width].

    The main picture comes first. Of two pictures the main one stands, since nothing tells which
    of them is a logo. What comes of a product depends on its pictures alone.
    """
    weight = np.ones(pictures.shape[1])
    weight[0] = MAIN
    if weight[1:].sum() <= MAIN:
        return pictures[:, 0]
    shares = _shares(pictures.astype(np.float64), weight)
    found = np.einsum("pk,pkw->pw", shares, pictures, dtype=np.float64)
    return np.asarray(found, np.float32)


def _shares(pictures: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the shares, [products, k], in which pictures make their weighted geometric median.

    Weiszfeld's steps stay among the pictures, so that their products with each other are enough.
    """
    centred = pictures - pictures[:, :1]  # lest differences drown in the rounding of products
    products = centred @ centred.transpose(0, 2, 1)
    squares = products.diagonal(axis1=1, axis2=2)
    nearest = np.maximum(NEAREST * squares.max(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    shares = np.broadcast_to(weight / weight.sum(), squares.shape)
    for _ in range(STEPS):
        along = (products * shares[:, None, :]).sum(axis=2)
        within = (shares * along).sum(axis=1, keepdims=True)
        shares = weight / np.sqrt(np.maximum(squares - 2 * along + within, nearest))
        shares = shares / shares.sum(axis=1, keepdims=True)
    return shares


PLACEHOLDER = 20  # products with one picture: shown by more, it tells nothing of any of them
VERSION = 1  # of all here: other ways of pooling give other values
CHUNK = 512  # products pooled at once


def telling(shown: Sequence[Sequence[str]]) -> list[list[str]]:
    """Leave out what very many products show, as a brand's logo, unless a product has no other.

    shown: pictures of each product by key. What categories those products are in is not asked: a
    feature must not know labels.
    """
    once = [list(dict.fromkeys(keys)) for keys in shown]
    times = Counter(key for keys in once for key in keys)
    return [[key for key in keys if times[key] <= PLACEHOLDER] or keys[:1] for keys in once]


def pooled(shown: Sequence[Sequence[str]], cache: BottleneckCache) -> list[str | None]:
    """Name the one bottleneck of each product, and cache those that are not there yet.

    shown: pictures of each product by key, the main one first, those that cannot be read left out.
    What one has that is not in the cache is not pooled; its name is then not in the cache either.
    """
    kept = telling(shown)
    wanted: dict[int, dict[str, list[str]]] = {}  # by the number of pictures
    for keys in kept:
        if len(keys) > 1 and _name(keys) not in cache:
            wanted.setdefault(len(keys), {})[_name(keys)] = keys
    for count, products in wanted.items():
        names = list(products)
        for start in range(0, len(names), CHUNK):
            some = names[start : start + CHUNK]
            rows = cache.rows([key for name in some for key in products[name]])
            if (rows < 0).any():
                continue
            pictures = np.asarray(cache.read()[rows]).reshape(len(some), count, -1)
            cache.append(some, pool(pictures))
    return [_name(keys) if keys else None for keys in kept]


def _name(keys: Sequence[str]) -> str:
    """Name what is pooled of some pictures; of a single one, itself."""
    if len(keys) == 1:
        return keys[0]
    return hashlib.sha256(f"{' and '.join(keys)} pooled {VERSION}".encode()).hexdigest()
