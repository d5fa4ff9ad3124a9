"""What is told of products that belong to none of the categories an experiment learned."""

from __future__ import annotations

from product_classifier.predictions import Summary
from product_classifier.report.numbers import share


def outside_told(experiment: Summary) -> str | None:
    """Say how many are marked, and how well they are told apart; None where nobody asked."""
    found = experiment.settings.get("outside")
    if not isinstance(found, dict):
        return None
    values = {name: value for name, value in found.items() if isinstance(value, int | float)}
    if "marked" not in values:
        return None
    from_ = f" (score >= {values['threshold']:.4f})" if "threshold" in values else ""
    told = f"{values['marked']:,} test products marked{from_}"
    if "auroc" not in values:
        return f"{told}; how well they are told apart is unknown: no test product was left out"
    return (
        f"{told}; AUROC {values['auroc']:.3f} for {values.get('left_out', 0):,} test products of "
        f"categories left out (largest probability: {values.get('softmax_auroc', 0):.3f}), "
        f"{share(values.get('false_alarms'))} false alarms at 95% recall"
    )
