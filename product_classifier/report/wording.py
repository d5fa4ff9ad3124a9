"""Numbers, shares and names of models as reports write them."""

from __future__ import annotations

import math

from product_classifier.predictions import Summary


def percent(share: float) -> str:
    """Return a share of few digits, such as 98% or 99.5%."""
    return f"{100 * share:g}%"


def share(value: float | None) -> str:
    """Return a measured share with one decimal, a dash for None and nan."""
    return "–" if value is None or math.isnan(value) else f"{value:.1%}"


def number(count: int, noun: str) -> str:
    """Return a number of things, such as 1 leaf or 2,000 leaves."""
    plural = {"category": "categories", "leaf": "leaves"}.get(noun, f"{noun}s")
    return f"{count:,} {noun if count == 1 else plural}"


def share_of(count: float, total: float) -> str:
    """Return a share; 0.0% only for 0 and 100.0% only for all, else <0.1% and >99.9%."""
    text = share(count / total if total else None)
    if 0 < count < total:
        return {"0.0%": "<0.1%", "100.0%": ">99.9%"}.get(text, text)
    return text


def without_nan(value: float) -> float | None:
    """Return a number, None for nan, which JSON lacks."""
    return None if math.isnan(value) else float(value)


def between(low: float, high: float, places: int) -> str:
    """Return the interval of a share in percent, such as [95.2, 96.9]."""
    return f"[{100 * low:.{places}f}, {100 * high:.{places}f}]"


USUAL = {  # settings that a model name mentions only if they differ from these
    "head": "softmax",
    "heads": None,
    "clean": "basic",
    "vectors": None,
    "searched": None,
    "balance": "none",
    "modality_dropout": 0,
    "text_words": None,
    "images_per_product": 1,
    "marked_pictures": 0,
    "max_per_category_train": None,
    "seed": 0,
}


def model_name(experiment: Summary) -> str:
    """Return the kind, the model and the settings that differ from USUAL."""
    kind, settings = experiment.kind, experiment.settings
    names = [str(settings[name]) for name in ("fusion", "model") if name in settings]
    if kind == "both" and settings.get("fusion") not in ("late", "stack"):
        names = names[:1]  # one network over both has no model of words
    if kind != "words" and "backbone" in settings:
        names.append(str(settings["backbone"]).rstrip("/").rpartition("/")[2])
    differing = [
        f"{name.replace('_', ' ')} {settings[name]}"
        for name, usual in USUAL.items()
        if settings.get(name, usual) != usual
        and not (name == "clean" and settings.get("model") == "sequence")
    ]
    return f"{kind or 'unknown'}: {', '.join([*names, *differing])}".rstrip(": ")


def depth_name(experiment: Summary) -> str:
    """Return what an experiment's categories are: leaves, or categories of a depth."""
    depth = experiment.settings.get("depth")
    return "leaves" if depth is None else f"categories of depth {depth}"


def depth_note(experiment: Summary) -> str | None:
    """Return what a report means by a leaf, None if an experiment learned the leaves themselves."""
    if experiment.settings.get("depth") is None:
        return None
    return f"Leaves here: {depth_name(experiment)}, each with all categories below"
