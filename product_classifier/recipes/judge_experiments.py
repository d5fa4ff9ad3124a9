"""Judge experiments by their test products: figures, certificates, comparisons and categories."""

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
from product_classifier.evaluate.requirements import Requirement, metrics, unmet
from product_classifier.models.split import groups_among
from product_classifier.predictions import PredictedPaths, Summary
from product_classifier.records import Report
from product_classifier.report.categories import categories_text, categories_values
from product_classifier.report.comparison import (
    comparison_text,
    comparison_values,
    leaderboard_page,
    leaderboard_text,
    leaderboard_values,
)
from product_classifier.report.text import figures_text, figures_values
from product_classifier.report.wording import depth_name
from product_classifier.store.certificates import Certified, save_certificates
from product_classifier.store.dataset import read_tested
from product_classifier.store.decisions import read_audit
from product_classifier.store.experiments import read_experiments, read_outcomes, read_paths
from product_classifier.store.integrity import (
    EXPERIMENT_TABLES,
    insist_on_checksum,
    insist_on_integrity,
)
from product_classifier.store.predicted_paths import CALIBRATION, TEST, read_predicted_paths


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms that experiments are judged on."""

    targets: Sequence[float] = TARGETS  # accuracies to certify
    confidence: float = 0.95
    cost_error: float | None = None  # of a wrong product that is filed, in any unit
    cost_review: float | None = None  # of a look at a product, in the same unit


def figures_report(
    db: sqlite3.Connection,
    number: int | None,
    terms: Terms,
    console: Console,
    requirements: Sequence[Requirement] = (),
) -> Report:
    """Return the figures of one experiment, or of all (None); requirements: for each of them."""
    evaluations = list(judge_experiments(db, [number], terms, console))
    return Report(
        figures_text(evaluations),
        figures_values(evaluations),
        shortfalls=_shortfalls(evaluations, requirements),
    )


def comparison_report(
    db: sqlite3.Connection,
    numbers: Sequence[int],
    terms: Terms,
    console: Console,
    requirements: Sequence[Requirement] = (),
) -> Report:
    """Return experiments side by side. Raises ReportError as compare_experiments does."""
    evaluations = list(judge_experiments(db, numbers, terms, console))
    coverages, pairs = compare_experiments(db, numbers, terms.targets)
    return Report(
        comparison_text(evaluations, coverages, pairs),
        comparison_values(evaluations, coverages, pairs),
        shortfalls=_shortfalls(evaluations, requirements),
    )


def categories_report(
    db: sqlite3.Connection, number: int | None, terms: Terms, console: Console
) -> Report:
    """Return the figures of each category in one experiment, or in all of them (None)."""
    categories = [
        (evaluation.experiment, tested_categories(db, evaluation))
        for evaluation in judge_experiments(db, [number], terms, console)
    ]
    paths = read_paths(db)
    return Report(categories_text(categories, paths), categories_values(categories, paths))


def leaderboard_report(
    db: sqlite3.Connection, number: int | None, terms: Terms, console: Console
) -> Report:
    """Return a table of the models that were tested on the same products."""
    entries = leaderboard_entries(db, judge_experiments(db, [number], terms, console))
    return Report(leaderboard_text(entries), leaderboard_values(entries), leaderboard_page(entries))


def judge_experiments(
    db: sqlite3.Connection, numbers: Iterable[int | None], terms: Terms, console: Console
) -> Iterator[Evaluation]:
    """Yield the evaluation of each experiment, None for all of them; store their certificates."""
    insist_on_integrity(db, EXPERIMENT_TABLES)
    for number in numbers:
        for experiment in read_experiments(db, number):
            yield judge_experiment(db, experiment, terms, console)


def judge_experiment(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, console: Console
) -> Evaluation:
    """Return the evaluation of an experiment, and store its certificates."""
    insist_on_checksum(db, experiment.id)
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
    """Return the coverage of each experiment at each target, and a comparison of each two.

    Raises ReportError for experiments that were tested on different products, or that learned
    categories of different depths.
    """
    experiments = [experiment for number in numbers for experiment in read_experiments(db, number)]
    insist_on_same_depth(experiments)
    tested = {number: read_predicted_paths(db, number, TEST) for number in numbers}
    for first, second in itertools.combinations(tested, 2):
        insist_on_same_products(first, second, tested)
    group = np.array(groups_among(read_tested(db, numbers[0])))
    scored = {number: leaf_scores(answers) for number, answers in tested.items()}
    coverages = {
        number: {target: coverage_interval(scores, group, target) for target in targets}
        for number, scores in scored.items()
    }
    pairs = {
        (first, second): compare(scored[first], scored[second], group, targets)
        for first, second in itertools.combinations(scored, 2)
    }
    return coverages, pairs


def insist_on_same_products(first: int, second: int, tested: Mapping[int, PredictedPaths]) -> None:
    """Raise ReportError for two experiments that were tested on different products."""
    left, right = (tested[number].product for number in (first, second))
    if not len(left) or not len(right):
        old = second if len(left) else first
        raise ReportError(f"experiment {old} has no scores to compare; categorize once more")
    if not np.array_equal(left, right):
        both = len(np.intersect1d(left, right))
        raise ReportError(
            f"experiments {first} and {second} were tested on {len(left):,} and {len(right):,} "
            f"products, of which {both:,} are the same; compare those of equal split and categories"
        )


def insist_on_same_depth(experiments: Sequence[Summary]) -> None:
    """Raise ReportError for experiments that learned categories of different depths."""
    first, *others = experiments
    for other in others:
        if first.settings.get("depth") != other.settings.get("depth"):
            raise ReportError(
                f"experiments {first.id} and {other.id} learned {depth_name(first)} and "
                f"{depth_name(other)}, and the one with fewer categories has it easier; compare "
                "those of one --depth"
            )


def tested_categories(db: sqlite3.Connection, evaluation: Evaluation) -> CategoryEvaluation:
    """Return the figures of an experiment's categories.

    Raises ReportError for an experiment of an older version, which stored no scores of paths.
    """
    tested = read_predicted_paths(db, evaluation.experiment.id, TEST)
    if not len(tested.product):
        raise ReportError(
            f"experiment {evaluation.experiment.id} has no scores of paths; categorize once more"
        )
    return evaluate_categories(tested, evaluation.thresholds)


def leaderboard_entries(
    db: sqlite3.Connection, evaluations: Iterable[Evaluation]
) -> list[LeaderboardEntry]:
    """Return each evaluation with its macro F1; None for an experiment without scores of paths."""
    entries = []
    for evaluation in evaluations:
        tested = read_predicted_paths(db, evaluation.experiment.id, TEST)
        macro = None
        if len(tested.product):
            macro = evaluate_categories(tested, evaluation.thresholds).averages.macro.f1
        entries.append(LeaderboardEntry(evaluation, macro))
    return entries


def _shortfalls(
    evaluations: Iterable[Evaluation], requirements: Sequence[Requirement]
) -> list[str]:
    """Return a line for each requirement that an experiment does not meet."""
    return [
        f"experiment {evaluation.experiment.id}: {shortfall}"
        for evaluation in evaluations
        for required in requirements
        if (shortfall := unmet(required, metrics(evaluation)))
    ]


def _certified(
    db: sqlite3.Connection, experiment: Summary, terms: Terms, console: Console
) -> Certification | None:
    """Certify an experiment by its calibration rows, and store its certificates.

    Returns None for an experiment without calibration rows.
    """
    calibration, test = (
        read_predicted_paths(db, experiment.id, part) for part in (CALIBRATION, TEST)
    )
    if not len(calibration.product):
        return None
    certification = certify_experiment(calibration, test, terms.targets, terms.confidence)
    if terms.cost_error is not None and terms.cost_review is not None:
        costs = rule_costs(calibration, test, certification, terms.cost_error, terms.cost_review)
        certification = dataclasses.replace(certification, rule_costs=costs)
    certificates = [
        Certified(rule, height, certified.certificate)
        for rule, by_target in (("level", certification.levels), ("deepest", certification.deepest))
        for by_height in by_target.values()
        for height, certified in enumerate(by_height)
        if certified.certificate
    ]
    try:
        void = save_certificates(db, experiment.id, certificates)
    except ReadOnlyError as error:
        console.say(str(error))
        return certification
    if void:
        console.say(
            f"experiment {experiment.id}: certificates of {void} are void, since labels or "
            "categories have changed; it is certified anew"
        )
    return certification
