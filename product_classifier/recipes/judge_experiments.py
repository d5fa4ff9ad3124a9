"""Experiments judged: their figures, what is certified of them, what an audit says of them."""

from __future__ import annotations

import dataclasses
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from product_classifier.console import Console
from product_classifier.errors import ReadOnlyError, ReportError
from product_classifier.evaluate.accuracy import TARGETS, figures
from product_classifier.evaluate.audit import audited
from product_classifier.evaluate.categories import Categories, judge_categories
from product_classifier.evaluate.certification import Judged, Judgement, judge, leaf_scores, prices
from product_classifier.evaluate.comparison import compare, coverage_interval
from product_classifier.models.split import groups_among
from product_classifier.predictions import Summary
from product_classifier.report.comparison import (
    Coverages,
    Pairs,
    insist_on_same_depth,
    insist_on_same_products,
)
from product_classifier.report.leaderboard import Entry
from product_classifier.store.audits import read_audit
from product_classifier.store.dataset import read_tested
from product_classifier.store.experiments import read_experiments, read_outcomes
from product_classifier.store.integrity import (
    EXPERIMENT_TABLES,
    insist_on_checksum,
    insist_on_integrity,
)
from product_classifier.store.predicted_paths import (
    CALIBRATION,
    TEST,
    read_answers,
    save_certificates,
)


@dataclass(frozen=True)
class Terms:
    """What is asked of experiments."""

    targets: Sequence[float] = TARGETS  # accuracies to certify
    confidence: float = 0.95
    cost_error: float | None = None
    cost_review: float | None = None


def judge_experiments(
    db: sqlite3.Connection, numbers: Iterable[int | None], terms: Terms, console: Console
) -> Iterator[Judged]:
    """Judge experiments by number, None for all of them, and store what is certified of them."""
    insist_on_integrity(db, EXPERIMENT_TABLES)
    for number in numbers:
        for experiment in read_experiments(db, number):
            yield judge_experiment(db, experiment, terms, console)


def judge_experiment(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, console: Console
) -> Judged:
    """Judge one experiment."""
    insist_on_checksum(db, experiment.id)
    sample = read_audit(db, experiment.id)
    audit = None
    if sample and not sample.undecided:
        audit = audited(sample.recorded_right, sample.sampled, sample.truly_right, sample.doubtful)
    return Judged(
        experiment,
        figures(read_outcomes(db, experiment.id)),
        _certified(db, experiment, terms, console),
        audit,
        sample.undecided if sample else 0,
    )


def compare_experiments(
    db: sqlite3.Connection, numbers: Sequence[int], targets: Sequence[float]
) -> tuple[Coverages, Pairs]:
    """Find the coverage of experiments, and compare each two of them.

    Raises ReportError where they were not tested on the same products, or have categories of
    different depths.
    """
    insist_on_same_depth([one for number in numbers for one in read_experiments(db, number)])
    tested = {number: read_answers(db, number, TEST) for number in numbers}
    for first, second in itertools.combinations(tested, 2):
        insist_on_same_products(first, second, tested)
    group = np.array(groups_among(read_tested(db, numbers[0])))
    scored = {number: leaf_scores(answers) for number, answers in tested.items()}
    coverages = {
        number: {target: coverage_interval(found, group, target) for target in targets}
        for number, found in scored.items()
    }
    pairs = {
        (first, second): compare(scored[first], scored[second], group, targets)
        for first, second in itertools.combinations(scored, 2)
    }
    return coverages, pairs


def tested_categories(db: sqlite3.Connection, judged: Judged) -> Categories:
    """Judge the categories of an experiment. Raises ReportError for one of an older program."""
    tested = read_answers(db, judged.experiment.id, TEST)
    if not len(tested.product):
        raise ReportError(
            f"experiment {judged.experiment.id} has no scores of paths; categorize once more"
        )
    return judge_categories(tested, judged.thresholds)


def leaderboard_entries(db: sqlite3.Connection, judged: Iterable[Judged]) -> list[Entry]:
    """Add what a table of models tells to experiments."""
    found = []
    for one in judged:
        tested = read_answers(db, one.experiment.id, TEST)
        macro = None
        if len(tested.product):
            macro = judge_categories(tested, one.thresholds).averages.macro.f1
        found.append(Entry(one, macro))
    return found


def _certified(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, console: Console
) -> Judgement | None:
    """Certify an experiment by its calibration rows, if it has any, and store the certificates."""
    calibration, test = (read_answers(db, experiment.id, part) for part in (CALIBRATION, TEST))
    if not len(calibration.product):
        return None
    judged = judge(calibration, test, terms.targets, terms.confidence)
    if terms.cost_error is not None and terms.cost_review is not None:
        found = prices(calibration, test, judged, terms.cost_error, terms.cost_review)
        judged = dataclasses.replace(judged, prices=found)
    certificates = [
        (rule, height, promise.certificate)
        for rule, found in (("level", judged.levels), ("deepest", judged.deepest))
        for promises in found.values()
        for height, promise in enumerate(promises)
        if promise.certificate
    ]
    try:
        void = save_certificates(db, experiment.id, certificates)
    except ReadOnlyError as error:
        console.say(str(error))
        return judged
    if void:
        console.say(
            f"experiment {experiment.id}: certificates of {void} are void, since labels or "
            "categories have changed; it is certified anew"
        )
    return judged
