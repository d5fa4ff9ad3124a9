"""Several pictures of a product → one bottleneck, in which no single picture decides.

It is their geometric median, the point that has the least distances to them in all: a picture of
less than half of the weight moves it only so far, however unlike the others it is (Lopuhaä and
Rousseeuw, Annals of Statistics 19, 1991). A mean goes wherever one picture pulls it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
