"""Report how accurate experiments are, what can be trusted at 95 % and 98 %, and the top errors."""

import argparse
import dataclasses
import itertools
import json
import sqlite3

import numpy as np

from product_classifier import cli
from product_classifier.errors import ReadOnlyError
from product_classifier.evaluate.accuracy import TARGETS, figures
from product_classifier.evaluate.comparison import compare
from product_classifier.evaluate.judgement import Judgement, judge, leaf_scores, prices
from product_classifier.models.split import groups_among
from product_classifier.options.analyzing import ERRORS_ON_A_PAGE, arguments
from product_classifier.predictions import Summary
from product_classifier.report.comparison import (
    comparison_text,
    comparison_values,
    insist_on_same_products,
)
from product_classifier.report.crawl import crawl_page, crawl_text, crawl_values
from product_classifier.report.errors_page import errors_page
from product_classifier.report.requirements import metrics, unmet
from product_classifier.report.text import Judged, figures_text, figures_values
from product_classifier.store.answers import CALIBRATION, TEST, read_answers, save_certificates
from product_classifier.store.crawl_state import read_crawl
from product_classifier.store.database import open_database
from product_classifier.store.dataset import read_tested
from product_classifier.store.experiments import read_experiments, read_mistakes, read_outcomes
from product_classifier.store.images import ImageFolder
from product_classifier.store.soundness import CRAWLED, JUDGED, insist_on_seal, insist_on_sound


def main() -> int:
    """Read what is in the database, judge it, and report as text, JSON or a page."""
    args = arguments(__doc__)
    with open_database(args.db_path) as db:
        if args.crawl:
            report = crawl_report(db, args)
        elif args.dump_errors_for_experiment:
            report = errors_report(db, args)
        else:
            judged = judge_experiments(db, args)
            tell = comparison_report if args.compare else figures_report
            report = tell(db, judged, args)
    cli.write(report, args.output)
    return missed_requirements(judged, args) if args.require else cli.DONE


def judge_experiments(db: sqlite3.Connection, args: argparse.Namespace) -> list[Judged]:
    """Judge the experiments, and store what is certified of them."""
    insist_on_sound(db, JUDGED)
    judged = []
    for number in args.compare or [args.experiment]:
        for found in read_experiments(db, number):
            insist_on_seal(db, found.id)
            outcomes = read_outcomes(db, found.id)
            judged.append((found, figures(outcomes), certified(db, found, args)))
    return judged


def figures_report(db: sqlite3.Connection, judged: list[Judged], args: argparse.Namespace) -> str:
    """Report each experiment by itself."""
    return json.dumps(figures_values(judged), indent=2) if args.json else figures_text(judged)


def comparison_report(
    db: sqlite3.Connection, judged: list[Judged], args: argparse.Namespace
) -> str:
    """Report experiments side by side, and each pair's differences."""
    tested = {found.id: read_answers(db, found.id, TEST) for found, _, _ in judged}
    pairs = {}
    for first, second in itertools.combinations(tested, 2):
        insist_on_same_products(first, second, tested)
        group = np.array(groups_among(read_tested(db, first)))
        one, other = (leaf_scores(tested[number]) for number in (first, second))
        pairs[first, second] = compare(one, other, group, args.target or TARGETS)
    if args.json:
        return json.dumps(comparison_values(judged, pairs), indent=2)
    return comparison_text(judged, pairs)


def missed_requirements(judged: list[Judged], args: argparse.Namespace) -> int:
    """Tell which experiments do not reach what is required of them."""
    missed = [
        f"experiment {found.id}: {text}"
        for found, shares, judgement in judged
        for wanted in args.require
        if (text := unmet(wanted, metrics(shares, judgement)))
    ]
    for text in missed:
        cli.say(text)
    return cli.UNFINISHED if missed else cli.DONE


def certified(
    db: sqlite3.Connection, experiment: Summary, args: argparse.Namespace
) -> Judgement | None:
    """Certify an experiment by its calibration rows, if it has any, and store the certificates."""
    calibration, test = (read_answers(db, experiment.id, part) for part in (CALIBRATION, TEST))
    if not len(calibration.product):
        return None
    judged = judge(calibration, test, args.target or TARGETS, args.confidence)
    if args.cost_error is not None:
        found = prices(calibration, test, judged, args.cost_error, args.cost_review)
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
        cli.say(str(error))
        return judged
    if void:
        cli.say(
            f"experiment {experiment.id}: certificates of {void} are void, since labels or "
            "categories have changed; it is certified anew"
        )
    return judged


def errors_report(db: sqlite3.Connection, args: argparse.Namespace) -> str:
    """Show the most confident errors of an experiment, as a page."""
    insist_on_sound(db, {*JUDGED, *CRAWLED})
    number = args.dump_errors_for_experiment
    [experiment] = read_experiments(db, number)
    mistakes, total = read_mistakes(db, number, ERRORS_ON_A_PAGE)
    folder = ImageFolder(args.images_path)
    pictured = ((mistake, folder.read(mistake.file)) for mistake in mistakes)
    return errors_page(experiment, pictured, total)


def crawl_report(db: sqlite3.Connection, args: argparse.Namespace) -> str:
    """Tell what was crawled; as a page where the output is to be one."""
    insist_on_sound(db, CRAWLED)
    state = read_crawl(db)
    if args.json:
        return json.dumps(crawl_values(state), indent=2)
    is_page = args.output and args.output.suffix in (".html", ".htm")
    return crawl_page(state) if is_page else crawl_text(state)


if __name__ == "__main__":
    cli.run(main)
