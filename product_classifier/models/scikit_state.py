"""Scikit-learn's fitted models ↔ arrays: its own way to keep them, pickles, runs code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from product_classifier.models.state import Arrays

LOGISTIC, LINEAR, FOREST = "logistic", "linear", "forest"
NODES = ("left_child", "right_child", "feature", "threshold", "missing_go_to_left")
NO_CHILD = -1


def kind_of(model: Any) -> str:
    """Name what kind of model it is."""
    names = {"LogisticRegression": LOGISTIC, "LinearSVC": LINEAR, "RandomForestClassifier": FOREST}
    return names[type(model).__name__]


def model_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Take out of a fitted model all that it predicts by."""
    return forest_arrays(model) if kind_of(model) == FOREST else linear_arrays(model)


def restored_model(kind: str, arrays: Arrays) -> Any:
    """Make a fitted model again. Raises ValueError or KeyError for arrays that do not fit."""
    return restored_forest(arrays) if kind == FOREST else restored_linear(kind, arrays)


def linear_arrays(model: Any) -> dict[str, NDArray[Any]]:
    """Take out of a linear model all that it predicts by."""
    return {"coef": model.coef_, "intercept": model.intercept_, "classes": model.classes_}


def restored_linear(kind: str, arrays: Arrays) -> Any:
    """Make a linear model again."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    makers: Mapping[str, Callable[[], Any]] = {LOGISTIC: LogisticRegression, LINEAR: LinearSVC}
    model = makers[kind]()
    coef, intercept, classes = arrays["coef"], arrays["intercept"], arrays["classes"]
    rows = len(classes) if len(classes) > 2 else 1
    if coef.ndim != 2 or len(coef) != rows or intercept.shape != (rows,):
        raise ValueError(f"{len(classes)} categories have no coefficients {coef.shape}")
    model.coef_, model.intercept_, model.classes_ = coef, intercept, classes
    model.n_features_in_ = coef.shape[1]
    return model


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


def restored_forest(arrays: Arrays) -> Any:
    """Make a forest again; children that are no nodes below their parent are refused."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier
    from sklearn.tree._tree import Tree

    classes, columns = arrays["classes"], int(arrays["columns"])
    ends = np.cumsum(arrays["counts"])
    shape = int(ends[-1]), len(classes)
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    shares = csr_matrix(parts, shape=shape)
    shares.check_format()
    forest = RandomForestClassifier(len(ends), n_jobs=-1)
    forest.estimators_ = []
    for start, end, depth in zip(ends - arrays["counts"], ends, arrays["depths"], strict=True):
        tree = Tree(columns, np.array([len(classes)], np.intp), 1)
        empty = tree.__getstate__()["nodes"]
        nodes = np.zeros(end - start, empty.dtype)
        for name in NODES:
            nodes[name] = arrays[name][start:end]
        _insist_on_tree(nodes, columns)
        values = np.ascontiguousarray(shares[start:end].toarray()[:, None, :])
        tree.__setstate__(
            {"max_depth": int(depth), "node_count": len(nodes), "nodes": nodes, "values": values}
        )
        one = DecisionTreeClassifier()
        one.tree_, one.n_outputs_, one.n_features_in_ = tree, 1, columns
        one.classes_, one.n_classes_ = np.arange(len(classes)), len(classes)
        forest.estimators_.append(one)
    forest.classes_, forest.n_classes_ = classes, len(classes)
    forest.n_outputs_, forest.n_features_in_ = 1, columns
    return forest


def _insist_on_tree(nodes: NDArray[Any], columns: int) -> None:
    """Refuse what a walk from the root could leave, or not end in: the walk checks nothing."""
    here = np.arange(len(nodes))
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = (left == NO_CHILD) & (right == NO_CHILD)
    below = (left > here) & (right > here) & (left < len(nodes)) & (right < len(nodes))
    asks = (nodes["feature"] >= 0) & (nodes["feature"] < columns)
    if not len(nodes) or not (leaf | (below & asks)).all():
        raise ValueError("a tree of the forest is none")
