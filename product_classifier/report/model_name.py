"""What an experiment was made with, in a few words: experiments of one kind have one name."""

from __future__ import annotations

from product_classifier.predictions import Summary

USUAL = {  # settings that are told only where they differ from these
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
    """Name the kind, the model and the settings that are not as usual."""
    kind, settings = experiment.kind, experiment.settings
    names = [str(settings[name]) for name in ("fusion", "model") if name in settings]
    if kind == "both" and settings.get("fusion") not in ("late", "stack"):
        names = names[:1]  # one network over both has no model of words
    if kind != "words" and "backbone" in settings:
        names.append(str(settings["backbone"]).rstrip("/").rpartition("/")[2])
    told = [
        f"{name.replace('_', ' ')} {settings[name]}"
        for name, usual in USUAL.items()
        if settings.get(name, usual) != usual
        and not (name == "clean" and settings.get("model") == "sequence")
    ]
    return f"{kind or 'unknown'}: {', '.join([*names, *told])}".rstrip(": ")


def depth_name(experiment: Summary) -> str:
    """Name what an experiment's categories are: leaves, or those of a depth."""
    depth = experiment.settings.get("depth")
    return "leaves" if depth is None else f"categories of depth {depth}"


def depth_told(experiment: Summary) -> str | None:
    """Say what is meant by a leaf where an experiment has other categories."""
    if experiment.settings.get("depth") is None:
        return None
    return f"Leaves here: {depth_name(experiment)}, each with all that lies below it"
