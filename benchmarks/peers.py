"""Peers of the models, with usual settings: scikit-learn and fastText.

They are trained on the tuning products, too, since they have no settings to tune.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from benchmarks.common import ROOT
from product_classifier.features.cleaning import terms

PEERS = ROOT / ".venv-peers" / "bin" / "python"
STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

Guessed = tuple[NDArray[np.int64], NDArray[np.float64]]  # labels and scores of the test rows
Rows = NDArray[np.int64]
Texts = Sequence[str]

FASTTEXT = """
import json, sys, fasttext
folder = sys.argv[1]
model = fasttext.train_supervised(f"{folder}/learning", wordNgrams=2, epoch=25, lr=0.5, thread=1)
lines = open(f"{folder}/test").read().split("\\n")
labels, scores = model.predict(lines)
print(json.dumps([[best[0] for best in labels], [float(best[0]) for best in scores]]))
"""


def binary_words(texts: Texts, labels: NDArray[np.int64], learning: Rows, test: Rows) -> Guessed:
    """Return predictions by logistic regression on binary words."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(binary=True)
    counter.fit([texts[row] for row in learning])
    return logistic(csr_matrix(counter.transform(texts)), labels, learning, test)


def support_vectors(texts: Texts, labels: NDArray[np.int64], learning: Rows, test: Rows) -> Guessed:
    """Return predictions by LinearSVC on TF-IDF of words and characters; scores are margins."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    halves = (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True),
    )
    training = [texts[row] for row in learning]
    vectors = csr_matrix(hstack([half.fit(training).transform(texts) for half in halves]))
    machine = LinearSVC(random_state=0).fit(vectors[learning], labels[learning])
    margins = machine.decision_function(vectors[test])
    return machine.classes_[margins.argmax(axis=1)], margins.max(axis=1)


def fasttext(texts: Texts, labels: NDArray[np.int64], learning: Rows, test: Rows) -> Guessed:
    """Return predictions by supervised fastText with pairs of words, in its own environment."""
    with tempfile.TemporaryDirectory() as place:
        for name, rows in (("learning", learning), ("test", test)):
            lines = [
                (f"__label__{labels[row]} " if name == "learning" else "")
                + " ".join(terms(texts[row]))
                for row in rows
            ]
            Path(place, name).write_text("\n".join(lines))
        command = [str(PEERS), "-c", FASTTEXT, place]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    guessed, scores = json.loads(run.stdout.splitlines()[-1])
    return np.array([int(label.removeprefix("__label__")) for label in guessed]), np.array(scores)


def logistic(
    features: csr_matrix | NDArray[np.float32],
    labels: NDArray[np.int64],
    learning: Rows,
    test: Rows,
    strength: float = 1.0,
) -> Guessed:
    """Return predictions by scikit-learn's logistic regression."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, max_iter=1000).fit(features[learning], labels[learning])
    probabilities = model.predict_proba(features[test])
    return model.classes_[probabilities.argmax(axis=1)], probabilities.max(axis=1)


def tuned_logistic(
    features: csr_matrix | NDArray[np.float32],
    labels: NDArray[np.int64],
    learning: Rows,
    tuning: Rows,
    test: Rows,
) -> Guessed:
    """Return predictions by logistic regression with C tuned, then trained on both parts."""

    def right(strength: float) -> float:
        guess, _ = logistic(features, labels, learning, tuning, strength)
        return float(np.mean(guess == labels[tuning]))

    best = max(STRENGTHS, key=right)
    return logistic(features, labels, np.union1d(learning, tuning), test, best)


WORDS: Mapping[str, Callable[[Texts, NDArray[np.int64], Rows, Rows], Guessed]] = {
    "logistic regression": binary_words,
    "LinearSVC": support_vectors,
    "fastText": fasttext,
}
