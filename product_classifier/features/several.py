"""Products with several pictures: which of these say something, and where the pooled ones are kept.

A pooled bottleneck stands in the cache of its network, under a key of its own: it is made once and
read where it lies, and what reads bottlenecks need not know of it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from product_classifier.features.pooling import pool
from product_classifier.store.cache import BottleneckCache

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
