"""Scikit-learn's fitted models as arrays and back, without pickle, which runs code."""

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
    """Return the kind of a model: LOGISTIC, LINEAR or FOREST."""
    names = {
        "LogisticRegression": LOGISTIC,
        "LinearSVC": LINEAR,
        "RandomForestClassifier": FOREST,
        "RestoredForest": FOREST,
    }
    return names[type(model).__name__]


def model_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays that a fitted model predicts by."""
    return forest_arrays(model) if kind_of(model) == FOREST else linear_arrays(model)


def restored_model(kind: str, arrays: Arrays, columns: int, classes: int) -> Any:
    """Return a model from its arrays; columns: of its inputs. Raises ValueError if invalid."""
    if kind == FOREST:
        return RestoredForest.of(arrays, columns, classes)
    return restored_linear(kind, arrays, columns, classes)


def array_names(kind: str) -> tuple[str, ...]:
    """Return the names of the arrays of a kind of model."""
    if kind == FOREST:
        return ("classes", "columns", "depths", "counts", *NODES, "data", "indices", "indptr")
    return ("coef", "intercept", "classes")


def linear_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Return the arrays that a linear model predicts by."""
    return {"coef": model.coef_, "intercept": model.intercept_, "classes": model.classes_}


def restored_linear(kind: str, arrays: Arrays, columns: int, classes: int) -> Any:
    """Return a linear model from its arrays. Raises ValueError if they do not fit."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    makers: Mapping[str, Callable[[], Any]] = {LOGISTIC: LogisticRegression, LINEAR: LinearSVC}
    model = makers[kind]()
    trained = _trained_classes(arrays, classes)
    rows = len(trained) if len(trained) > 2 else 1
    model.coef_ = checked(arrays, "coef", (rows, columns))
    model.intercept_ = checked(arrays, "intercept", (rows,))
    model.classes_, model.n_features_in_ = trained, columns
    return model


def _trained_classes(arrays: Arrays, classes: int) -> NDArray[Any]:
    """Return the classes that a model was trained on, numbers in ascending order."""
    trained = arrays["classes"]
    valid = trained.ndim == 1 and 0 < len(trained) <= classes
    insist(valid, "the categories of a model are not a list, or too many")
    trained = checked(arrays, "classes", trained.shape, INTEGERS).astype(np.int64)
    insist(trained[0] >= 0 and trained[-1] < classes, "a category of a model does not exist")
    insist(np.diff(trained) > 0, "the categories of a model are not in ascending order")
    return trained


def forest_arrays(forest: Any) -> dict[str, NDArray[Any]]:
    """Return the nodes of all trees, concatenated, and their class shares as a sparse matrix."""
    trees = [estimator.tree_ for estimator in forest.estimators_]
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
    """A restored forest, whose leaves' class shares are sparse matrices."""

    trees: Sequence[Any]  # scikit-learn's, which map a row to a leaf
    shares: Sequence[csr_matrix]  # [nodes, classes] of each tree
    classes_: NDArray[np.int64]

    @classmethod
    def of(cls, arrays: Arrays, columns: int, classes: int) -> RestoredForest:
        """Return a forest from its arrays. Raises ValueError if a tree is invalid."""
        from sklearn.tree._tree import Tree

        trained = _trained_classes(arrays, classes)
        insist(checked(arrays, "columns", (), INTEGERS) == columns, "a forest has other columns")
        counts = arrays["counts"]
        insist(counts.ndim == 1 and 0 < len(counts) <= MOST_TREES, "a forest has no trees")
        counts = checked(arrays, "counts", counts.shape, INTEGERS)
        total = sum(counts.tolist())  # Python's numbers do not overflow
        insist(counts > 0, "a tree of the forest is invalid")
        depths = checked(arrays, "depths", counts.shape, INTEGERS)
        insist((depths >= 0) & (depths < counts), "a tree of the forest is deeper than its nodes")
        for name in NODES:
            checked(arrays, name, (total,), FLOATS if name == "threshold" else INTEGERS)
        shares = _shares(arrays, total, len(trained))
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
        return cls(trees, parts, trained)

    def predict_proba(self, inputs: csr_matrix | NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean of the class shares in the trees' leaves, [rows, classes]."""
        values = inputs.astype(np.float32)
        if isinstance(values, csr_matrix):
            indices, indptr = values.indices.astype(np.int32), values.indptr.astype(np.int32)
            values = csr_matrix((values.data, indices, indptr), values.shape)
        total = np.zeros((values.shape[0], len(self.classes_)))
        for tree, shares in zip(self.trees, self.shares, strict=True):
            total += shares[tree.apply(values)].toarray()
        return total / len(self.trees)


def _shares(arrays: Arrays, nodes: int, classes: int) -> csr_matrix:
    """Return the class shares of each node, [nodes, classes]."""
    data, indices = arrays["data"], arrays["indices"]
    insist(data.ndim == 1, "the shares of a forest are not a list")
    checked(arrays, "data", data.shape)
    checked(arrays, "indices", data.shape, INTEGERS)
    indptr = checked(arrays, "indptr", (nodes + 1,), INTEGERS)
    shares = csr_matrix((data, indices, indptr), shape=(nodes, classes))
    shares.check_format()
    insist((data >= 0) & (data < 1 + 1e-6), "a share of a forest is not between 0 and 1")
    return shares


def _insist_on_tree(nodes: NDArray[Any], columns: int) -> None:
    """Raise ValueError unless each walk from the root ends in a leaf; walks check no bounds."""
    here = np.arange(len(nodes))
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = (left == NO_CHILD) & (right == NO_CHILD)
    below = (left > here) & (right > here) & (left < len(nodes)) & (right < len(nodes))
    tests_column = (nodes["feature"] >= 0) & (nodes["feature"] < columns)
    insist(leaf | (below & tests_column), "a tree of the forest is invalid")
