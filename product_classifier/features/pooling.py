"""Pooling: several pictures of a product → one bottleneck that no single picture dominates.

First, placeholder pictures are dropped: a picture that many products share, such as a brand's logo
(`without_placeholders`). Then `pool` takes the geometric median of the remaining bottlenecks, the
point with the least sum of distances to them: a picture with less than half of the weight moves the
median by a bounded distance only, however unlike the others it is (Lopuhaä and Rousseeuw, Annals of
Statistics 19, 1991). A mean has no such bound. `pooled_keys` does both for all products, and caches
the pooled bottlenecks.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from product_classifier.selection import PLACEHOLDER
from product_classifier.store.cache import BottleneckCache

MAIN_WEIGHT = 1.5  # of a main picture; others have 1, so that of two pictures the main one decides
STEPS = 200  # of Weiszfeld's algorithm; each takes k x k numbers, whatever the width
SMALLEST_DISTANCE = 1e-9  # squared, relative: keeps weights finite if a picture is the median
VERSION = 1  # increase with every change to pooling: it invalidates cached pooled bottlenecks
CHUNK = 512  # products pooled at once


def pool(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the geometric medians, [products, width], of float32 [products, k, width].

    The main picture comes first. Of two pictures the main one is returned, since nothing shows
    which of them is a logo. A product's result does not depend on the other products.
    """
    weight = np.ones(pictures.shape[1])
    weight[0] = MAIN_WEIGHT
    if weight[1:].sum() <= MAIN_WEIGHT:
        return pictures[:, 0]
    shares = _shares(pictures.astype(np.float64), weight)
    medians = np.einsum("pk,pkw->pw", shares, pictures, dtype=np.float64)
    return np.asarray(medians, np.float32)


def _shares(pictures: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each picture in its product's weighted geometric median, [products, k].

    Each of Weiszfeld's steps is a convex combination of the pictures, so that their Gram matrix
    (here `products`) suffices.
    """
    centred = pictures - pictures[:, :1]  # keeps small differences above the rounding of products
    products = centred @ centred.transpose(0, 2, 1)
    squares = products.diagonal(axis1=1, axis2=2)
    least = SMALLEST_DISTANCE * squares.max(axis=1, keepdims=True)
    least = np.maximum(least, np.finfo(np.float64).tiny)
    shares = np.broadcast_to(weight / weight.sum(), squares.shape)
    for _ in range(STEPS):
        along = (products * shares[:, None, :]).sum(axis=2)
        within = (shares * along).sum(axis=1, keepdims=True)
        shares = weight / np.sqrt(np.maximum(squares - 2 * along + within, least))
        shares = shares / shares.sum(axis=1, keepdims=True)
    return shares


def without_placeholders(pictures_of: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return each product's picture keys without those that more than PLACEHOLDER products share.

    pictures_of: keys of each product's pictures. A product keeps its first picture if all of its
    pictures are that common. Categories are ignored: a feature must not depend on labels.
    """
    distinct = [list(dict.fromkeys(keys)) for keys in pictures_of]
    products = Counter(key for keys in distinct for key in keys)
    return [[key for key in keys if products[key] <= PLACEHOLDER] or keys[:1] for keys in distinct]


def pooled_keys(pictures_of: Sequence[Sequence[str]], cache: BottleneckCache) -> list[str | None]:
    """Return the key of each product's pooled bottleneck, after caching the missing ones.

    pictures_of: keys of each product's readable pictures, the main one first. The key is None for a
    product without pictures. If a picture's bottleneck has vanished from the cache, the pooled one
    is not computed, and its key is not in the cache either.
    """
    pictures_of = without_placeholders(pictures_of)
    to_pool: dict[int, dict[str, list[str]]] = {}  # number of pictures → pooled key → their keys
    for keys in pictures_of:
        if len(keys) > 1 and _pooled_key(keys) not in cache:
            to_pool.setdefault(len(keys), {})[_pooled_key(keys)] = keys
    for count, products in to_pool.items():
        names = list(products)
        for start in range(0, len(names), CHUNK):
            chunk = names[start : start + CHUNK]
            rows = cache.rows([key for name in chunk for key in products[name]])
            if (rows < 0).any():
                continue
            pictures = np.asarray(cache.read()[rows]).reshape(len(chunk), count, -1)
            cache.append(chunk, pool(pictures))
    return [_pooled_key(keys) if keys else None for keys in pictures_of]


def _pooled_key(keys: Sequence[str]) -> str:
    """Return the key of the bottleneck pooled from pictures; a single picture keeps its own."""
    if len(keys) == 1:
        return keys[0]
    return hashlib.sha256(f"{' and '.join(keys)} pooled {VERSION}".encode()).hexdigest()
