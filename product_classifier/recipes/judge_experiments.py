"""Experiments judged: their figures, what is certified of them, what an audit says of them."""

from __future__ import annotations

import dataclasses
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from product_classifier.console import Console
from product_classifier.errors import ReadOnlyError, ReportError
from product_classifier.evaluate.accuracy import TARGETS, figures
from product_classifier.evaluate.audit import audited
from product_classifier.evaluate.categories import CategoryEvaluation, evaluate_categories
from product_classifier.evaluate.certification import (
    Certification,
    Evaluation,
    certify_experiment,
    leaf_scores,
    rule_costs,
)
from product_classifier.evaluate.comparison import (
    Coverages,
    LeaderboardEntry,
    Pairs,
    compare,
    coverage_interval,
)
from product_classifier.models.split import groups_among
from product_classifier.predictions import PredictedPaths, Summary
from product_classifier.report.wording import depth_name
from product_classifier.store.audits import read_audit
from product_classifier.store.dataset import read_tested
from product_classifier.store.experiments import read_experiments, read_outcomes
from product_classifier.store.integrity import JUDGED, insist_on_seal, insist_on_sound
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
) -> Iterator[Evaluation]:
    """Judge experiments by number, None for all of them, and store what is certified of them."""
    insist_on_sound(db, JUDGED)
    for number in numbers:
        for experiment in read_experiments(db, number):
            yield judge_experiment(db, experiment, terms, console)


def judge_experiment(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, console: Console
) -> Evaluation:
    """Judge one experiment."""
    insist_on_seal(db, experiment.id)
    sample = read_audit(db, experiment.id)
    audit = None
    if sample and not sample.undecided:
        audit = audited(sample.recorded_right, sample.sampled, sample.truly_right, sample.doubtful)
    return Evaluation(
        experiment=experiment,
        figures=figures(read_outcomes(db, experiment.id)),
        certification=_certified(db, experiment, terms, console),
        audit=audit,
        undecided=sample.undecided if sample else 0,
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


def insist_on_same_products(first: int, second: int, tested: Mapping[int, PredictedPaths]) -> None:
    """Refuse to compare experiments that were tested on different products. Raises ReportError."""
    one, other = (tested[number].product for number in (first, second))
    if not len(one) or not len(other):
        old = first if not len(one) else second
        raise ReportError(f"experiment {old} has no scores to compare; categorize once more")
    if not np.array_equal(one, other):
        both = len(np.intersect1d(one, other))
        raise ReportError(
            f"experiments {first} and {second} were tested on {len(one):,} and {len(other):,} "
            f"products, of which {both:,} are the same; compare those of equal split and categories"
        )


def insist_on_same_depth(experiments: Sequence[Summary]) -> None:
    """Refuse to compare experiments of different depths. Raises ReportError."""
    first, *others = experiments
    for other in others:
        if first.settings.get("depth") != other.settings.get("depth"):
            raise ReportError(
                f"experiments {first.id} and {other.id} learned {depth_name(first)} and "
                f"{depth_name(other)}, and the one with fewer categories has it easier; compare "
                "those of one --depth"
            )


def tested_categories(db: sqlite3.Connection, judged: Evaluation) -> CategoryEvaluation:
    """Judge the categories of an experiment. Raises ReportError for one of an older program."""
    tested = read_answers(db, judged.experiment.id, TEST)
    if not len(tested.product):
        raise ReportError(
            f"experiment {judged.experiment.id} has no scores of paths; categorize once more"
        )
    return evaluate_categories(tested, judged.thresholds)


def leaderboard_entries(
    db: sqlite3.Connection, judged: Iterable[Evaluation]
) -> list[LeaderboardEntry]:
    """Add what a table of models tells to experiments."""
    found = []
    for one in judged:
        tested = read_answers(db, one.experiment.id, TEST)
        macro = None
        if len(tested.product):
            macro = evaluate_categories(tested, one.thresholds).averages.macro.f1
        found.append(LeaderboardEntry(one, macro))
    return found


def _certified(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, console: Console
) -> Certification | None:
    """Certify an experiment by its calibration rows, if it has any, and store the certificates."""
    calibration, test = (read_answers(db, experiment.id, part) for part in (CALIBRATION, TEST))
    if not len(calibration.product):
        return None
    judged = certify_experiment(calibration, test, terms.targets, terms.confidence)
    if terms.cost_error is not None and terms.cost_review is not None:
        found = rule_costs(calibration, test, judged, terms.cost_error, terms.cost_review)
        judged = dataclasses.replace(judged, rule_costs=found)
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
