"""Scikit-learn's fitted models ↔ arrays: its own way to keep them, pickles, runs code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.models.base import FLOATS, INTEGERS, Arrays, checked, insist

LOGISTIC, LINEAR, FOREST = "logistic", "linear", "forest"
NODES = ("left_child", "right_child", "feature", "threshold", "missing_go_to_left")
NO_CHILD = -1
MOST_TREES = 1_000


def kind_of(model: Any) -> str:
    """Name what kind of model it is."""
    names = {
        "LogisticRegression": LOGISTIC,
        "LinearSVC": LINEAR,
        "RandomForestClassifier": FOREST,
        "RestoredForest": FOREST,
    }
    return names[type(model).__name__]


def model_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Take out of a fitted model all that it predicts by."""
    return forest_arrays(model) if kind_of(model) == FOREST else linear_arrays(model)


def restored_model(kind: str, arrays: Arrays, columns: int, classes: int) -> Any:
    """Make a model of so many columns again. Raises ValueError for arrays that do not fit."""
    if kind == FOREST:
        return RestoredForest.of(arrays, columns, classes)
    return restored_linear(kind, arrays, columns, classes)


def array_names(kind: str) -> tuple[str, ...]:
    """Name the arrays of a kind of model."""
    if kind == FOREST:
        return ("classes", "columns", "depths", "counts", *NODES, "data", "indices", "indptr")
    return ("coef", "intercept", "classes")


def linear_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Take out of a linear model all that it predicts by."""
    return {"coef": model.coef_, "intercept": model.intercept_, "classes": model.classes_}


def restored_linear(kind: str, arrays: Arrays, columns: int, classes: int) -> Any:
    """Make a linear model again. Raises ValueError for arrays that do not fit."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    makers: Mapping[str, Callable[[], Any]] = {LOGISTIC: LogisticRegression, LINEAR: LinearSVC}
    model = makers[kind]()
    met = _met_classes(arrays, classes)
    rows = len(met) if len(met) > 2 else 1
    model.coef_ = checked(arrays, "coef", (rows, columns))
    model.intercept_ = checked(arrays, "intercept", (rows,))
    model.classes_, model.n_features_in_ = met, columns
    return model


def _met_classes(arrays: Arrays, classes: int) -> NDArray[Any]:
    """Read which of the classes a model has met: numbers in rising order."""
    met = arrays["classes"]
    insist(met.ndim == 1 and 0 < len(met) <= classes, "a model has met no number of categories")
    met = checked(arrays, "classes", met.shape, INTEGERS).astype(np.int64)
    insist(met[0] >= 0 and met[-1] < classes, "a model has met categories that there are not")
    insist(np.diff(met) > 0, "the categories that a model has met are in no order")
    return met


def forest_arrays(forest: Any) -> dict[str, NDArray[Any]]:
    """Lay the nodes of all trees one after the other; their shares of the classes are sparse."""
    trees = [one.tree_ for one in forest.estimators_]
    states = [tree.__getstate__() for tree in trees]
    nodes = np.concatenate([state["nodes"] for state in states])
    shares = csr_matrix(np.concatenate([state["values"][:, 0] for state in states]))
    return {
        "classes": forest.classes_,
        "columns": np.array(trees[0].n_features),
        "depths": np.array([state["max_depth"] for state in states]),
        "counts": np.array([state["node_count"] for state in states]),
        **{name: nodes[name] for name in NODES},
        **{name: getattr(shares, name) for name in ("data", "indices", "indptr")},
    }


@dataclass(frozen=True)
class RestoredForest:
    """A forest that was kept; of what its leaves console, only what is not zero takes memory."""

    trees: Sequence[Any]  # scikit-learn's, which lead a row to a leaf
    shares: Sequence[csr_matrix]  # [nodes, classes] of each
    classes_: NDArray[np.int64]

    @classmethod
    def of(cls, arrays: Arrays, columns: int, classes: int) -> RestoredForest:
        """Make a forest again; children that are no nodes below their parent are refused."""
        from sklearn.tree._tree import Tree

        met = _met_classes(arrays, classes)
        insist(checked(arrays, "columns", (), INTEGERS) == columns, "a forest has other columns")
        counts = arrays["counts"]
        insist(counts.ndim == 1 and 0 < len(counts) <= MOST_TREES, "a forest has no trees")
        counts = checked(arrays, "counts", counts.shape, INTEGERS)
        total = sum(counts.tolist())  # Python's numbers do not overflow
        insist(counts > 0, "a tree of the forest is none")
        depths = checked(arrays, "depths", counts.shape, INTEGERS)
        insist((depths >= 0) & (depths < counts), "a tree of the forest is deeper than its nodes")
        for name in NODES:
            checked(arrays, name, (total,), FLOATS if name == "threshold" else INTEGERS)
        shares = _shares(arrays, total, len(met))
        trees, parts = [], []
        ends = np.cumsum(counts)
        for start, end, depth in zip(ends - counts, ends, depths, strict=True):
            tree = Tree(columns, np.ones(1, np.intp), 1)
            nodes = np.zeros(end - start, tree.__getstate__()["nodes"].dtype)
            for name in NODES:
                nodes[name] = arrays[name][start:end]
            _insist_on_tree(nodes, columns)
            values = np.zeros((len(nodes), 1, 1))
            facts = {"max_depth": int(depth), "node_count": len(nodes)}
            tree.__setstate__({**facts, "nodes": nodes, "values": values})
            trees.append(tree)
            parts.append(shares[start:end])
        return cls(trees, parts, met)

    def predict_proba(self, inputs: csr_matrix | NDArray[np.float32]) -> NDArray[np.float64]:
        """Average what the leaves of all trees console, [rows, classes]."""
        values = inputs.astype(np.float32)
        if isinstance(values, csr_matrix):
            indices, indptr = values.indices.astype(np.int32), values.indptr.astype(np.int32)
            values = csr_matrix((values.data, indices, indptr), values.shape)
        total = np.zeros((values.shape[0], len(self.classes_)))
        for tree, shares in zip(self.trees, self.shares, strict=True):
            total += shares[tree.apply(values)].toarray()
        return total / len(self.trees)


def _shares(arrays: Arrays, nodes: int, classes: int) -> csr_matrix:
    """Read what each node says, [nodes, classes]: shares of the classes that it has met."""
    data, indices = arrays["data"], arrays["indices"]
    insist(data.ndim == 1, "the shares of a forest are no list")
    checked(arrays, "data", data.shape)
    checked(arrays, "indices", data.shape, INTEGERS)
    indptr = checked(arrays, "indptr", (nodes + 1,), INTEGERS)
    shares = csr_matrix((data, indices, indptr), shape=(nodes, classes))
    shares.check_format()
    insist((data >= 0) & (data < 1 + 1e-6), "a share of a forest is not from 0 to 1")
    return shares


def _insist_on_tree(nodes: NDArray[Any], columns: int) -> None:
    """Refuse what a walk from the root could leave, or not end in: the walk checks nothing."""
    here = np.arange(len(nodes))
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = (left == NO_CHILD) & (right == NO_CHILD)
    below = (left > here) & (right > here) & (left < len(nodes)) & (right < len(nodes))
    asks = (nodes["feature"] >= 0) & (nodes["feature"] < columns)
    insist(leaf | (below & asks), "a tree of the forest is none")
