"""The page of an experiment: accuracy, certified coverage and categories as plots and tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from product_classifier.evaluate.accuracy import LevelAccuracy
from product_classifier.evaluate.categories import CategoryEvaluation
from product_classifier.evaluate.certification import Certification, Evaluation, LevelCertification
from product_classifier.evaluate.curves import RiskCoverage
from product_classifier.report.categories import average_rows, category_rows
from product_classifier.report.certification import height_name, rule_name, why_not
from product_classifier.report.pages import Section, Site, Table, render
from product_classifier.report.plots import Point, levels_plot, reliability_plot, risk_coverage_plot
from product_classifier.report.text import audit_lines, novelty_note
from product_classifier.report.wording import between, depth_note, percent, share

CONFUSED = 20  # pairs
STEPS = 20  # coverages in the table beneath the curve


def experiment_page(
    evaluation: Evaluation,
    curve: RiskCoverage | None,
    categories: CategoryEvaluation | None,
    paths: Mapping[int, str],
    site: Site | None = None,
) -> str:
    """Return the page; experiments of older versions have no curve and no categories."""
    sections = [_accuracy(evaluation)]
    if novelty := novelty_note(evaluation.experiment):
        sections.append(
            Section(title="Novelty: products of no learned category", text=f"{novelty}.")
        )
    if certification := evaluation.certification:
        sections += [
            _certified(certification),
            _deepest(certification),
            *_rule_costs(certification),
        ]
    if curve is not None and len(curve.accepted):
        sections.append(_curve(curve, evaluation))
    if certification and len(certification.after.count):
        sections.append(_reliability(certification))
    if categories:
        sections += _categories(categories, paths)
    settings = evaluation.experiment.settings.items()
    rows = [(name, json.dumps(value, ensure_ascii=False)) for name, value in settings]
    rows += [("split", evaluation.experiment.split or "–"), ("stored", evaluation.experiment.date)]
    sections.append(Section(title="Settings", tables=[Table(("setting", "value"), rows)]))
    title = f"Experiment {evaluation.experiment.id}: {evaluation.experiment.name}"
    return render("sections.html", site, title=title, sections=sections)


def accuracy_cell(level: LevelAccuracy) -> str:
    """Return an accuracy with its interval, a dash without products."""
    return f"{level.accuracy:.2%} {between(*level.interval, 2)}" if level.total else "–"


def _accuracy(evaluation: Evaluation) -> Section:
    figures = evaluation.figures
    rows = [
        (
            name,
            f"{level.total:,}",
            accuracy_cell(level),
            *(f"{coverage.share:.0%}" for coverage in level.coverage.values()),
        )
        for name, level in (("leaf", figures.leaf), ("parent", figures.parent))
    ]
    columns = (f"#covered at {percent(target)}, in hindsight" for target in figures.leaf.coverage)
    return Section(
        title="Accuracy",
        tables=[Table(("answers", "#test products", "#accuracy, 95% interval", *columns), rows)],
        text=" ".join(
            [f"{note}." for note in [depth_note(evaluation.experiment)] if note]
            + [line.strip() for line in audit_lines(evaluation)]
        ),
    )


def _certified(certification: Certification) -> Section:
    rows, reasons = [], []
    for target, levels in certification.levels.items():
        for height, level in enumerate(levels):
            place = (height_name(height), percent(target))
            rows.append((*place, *_level_cells(level, levels[0].calibrated)))
            if not level.certificate:
                reasons.append((*place, why_not({target: level})))
    columns = (
        "answers",
        "#accuracy",
        "#certified",
        "#score at least",
        "#coverage of test products",
    )
    tables = [Table((*columns, "#accuracy of these, 95% interval"), rows)]
    if reasons:
        tables.append(Table(("not certified", "#accuracy", "reason"), reasons))
    return Section(
        title="Certified coverage",
        tables=tables,
        text="Thresholds are chosen on the calibration products alone and measured on the test "
        "products.",
    )


def _level_cells(level: LevelCertification, calibrated: int) -> Sequence[str]:
    certificate, tested = level.certificate, level.tested
    if not certificate:
        return "none", "–", "–", "–"
    right = "–"
    if tested.accepted:
        right = f"{tested.right / tested.accepted:.1%} {between(*tested.interval, 1)}"
    covered = share(tested.accepted / tested.total) if tested.total else "–"
    return f"{certificate.accepted / calibrated:.0%}", f"{certificate.threshold:g}", covered, right


def _deepest(certification: Certification) -> Section:
    answered = {}
    for target, levels in certification.deepest.items():
        total = max(levels[0].tested.total, 1)
        shares = [
            (height_name(height), level.tested.accepted / total)
            for height, level in enumerate(levels)
        ]
        shares.append(("a person", 1 - sum(share for _, share in shares)))
        answered[target] = shares
    first = next(iter(answered.values()))
    rows = [
        (name, *(f"{shares[k][1]:.1%}" for shares in answered.values()))
        for k, (name, _) in enumerate(first)
    ]
    columns = (f"#at {percent(target)}" for target in answered)
    return Section(
        title="The deepest certified answer",
        tables=[Table(("answered by", *columns), rows)],
        plot=levels_plot(answered),
        text="Each product is filed under its predicted leaf where that is certified, else under "
        "the parent, else further up; a person checks the rest.",
    )


def _rule_costs(certification: Certification) -> Iterator[Section]:
    if certification.rule_costs:
        rows = [
            (
                rule_name(rule) + (" (lowest by the calibration products)" if rule.best else ""),
                f"{rule.cost.mean:.4g}",
                f"{rule.cost.low:.4g} to {rule.cost.high:.4g}",
            )
            for rule in certification.rule_costs
        ]
        yield Section(
            title="Cost per product", tables=[Table(("rule", "#cost", "#95% interval"), rows)]
        )


def _curve(curve: RiskCoverage, evaluation: Evaluation) -> Section:
    total = int(curve.accepted[-1])
    points = []
    for target, threshold in evaluation.thresholds.items():
        row = int(np.searchsorted(-curve.threshold, -threshold, side="right")) - 1
        if row >= 0:
            accepted = int(curve.accepted[row])
            points.append(Point(target, accepted / total, int(curve.wrong[row]) / accepted))
    wanted = np.linspace(0, total, STEPS + 1)[1:]
    shown = np.unique(np.searchsorted(curve.accepted, wanted))
    rows = [
        (
            share(curve.accepted[k] / total),
            f"{curve.threshold[k]:.4f}",
            f"{curve.accepted[k]:,}",
            f"{curve.wrong[k]:,}",
            f"{curve.wrong[k] / curve.accepted[k]:.2%}",
        )
        for k in shown.tolist()
    ]
    columns = ("#coverage", "#score at least", "#accepted", "#wrong", "#share wrong")
    return Section(
        title="Risk over coverage",
        tables=[Table(columns, rows)],
        plot=risk_coverage_plot(curve, points),
    )


def _reliability(certification: Certification) -> Section:
    after = certification.after
    rows = [
        (f"{count:,}", f"{score:.4f}", share(accuracy))
        for count, score, accuracy in zip(after.count, after.score, after.accuracy, strict=True)
    ]
    return Section(
        title="Reliability of scores",
        tables=[Table(("#products", "#mean score", "#right"), rows)],
        plot=reliability_plot(certification.before, after),
        text=f"Expected calibration error {after.ece:.2%}, {certification.before.ece:.2%} before "
        f"temperature scaling; AURC {certification.aurc:.4f}, AUGRC {certification.augrc:.4f}.",
    )


def _categories(categories: CategoryEvaluation, paths: Mapping[int, str]) -> list[Section]:
    confused = sorted(
        (
            (-count, paths[k], paths[other])
            for k, pairs in categories.confused.items()
            for other, count in pairs
        )
    )
    pairs = [(true, other, f"{-count:,}") for count, true, other in confused[:CONFUSED]]
    averages = [
        (name, share(average.precision), share(average.recall), share(average.f1))
        for name, average in average_rows(categories)
    ]
    rows = [
        (
            row["category"],
            f"{row['support']:,}",
            *(share(row[name]) for name in ("precision", "recall", "f1")),
            *(share(value) for value in row["covered"].values()),
        )
        for row in category_rows(categories, paths)
    ]
    covered = (f"#covered at {percent(target)}" for target in categories.covered)
    rates = ("#precision", "#recall", "#F")
    return [
        Section(
            title="Most confused",
            tables=[Table(("category", "predicted instead", "#products"), pairs)],
        ),
        Section(
            title="Categories, the worst first",
            tables=[
                Table(("average", *rates), averages),
                Table(("category", "#products", *rates, *covered), rows),
            ],
        ),
    ]
