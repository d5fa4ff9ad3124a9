"""The options of the three categorizers, as they are typed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from product_classifier.features.cleaning import TextSettings
from product_classifier.models.choices import (
    DEFAULTS,
    FUSIONS,
    LOGIT_ADJUST,
    NONE,
    SAMPLE,
    WEIGHTS,
    WORD_MODELS,
    Balance,
    Choices,
    choices_of,
)
from product_classifier.options.categorizing import arguments, balance, head
from product_classifier.selection import Selection


def typed(monkeypatch: pytest.MonkeyPatch, kind: str, line: str) -> argparse.Namespace:
    """Read a command line of the categorizer of a kind."""
    monkeypatch.setattr("sys.argv", [f"categorize_{kind}.py", *line.split()])
    return arguments(kind, "What it does.")


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("softmax", ()),
        ("dense:256", (256,)),
        ("dense:256,64", (256, 64)),
        ("dense:1,10000", (1, 10_000)),
    ],
)
def test_a_head_is_a_softmax_or_has_layers_before_it(text: str, layers: tuple[int, ...]) -> None:
    assert head(text) == layers


@pytest.mark.parametrize(
    "text",
    [
        *("dense", "dense:", "dense:0", "dense:-3", "dense:a", "dense:2.5", "dense:99999"),
        *("dense:256,", "dense:256,99999", "dense:256;64", "softmax:", "softmax:3", "foo", ""),
        *("foo:256", "Dense:256"),
    ],
)
def test_other_heads_are_refused(text: str) -> None:
    # either of which argparse makes a usage error of
    with pytest.raises((argparse.ArgumentTypeError, ValueError)):
        head(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("none", Balance(NONE)),
        ("weights", Balance(WEIGHTS)),
        ("sample:200", Balance(SAMPLE, 200)),
        ("logit-adjust:1", Balance(LOGIT_ADJUST, 1.0)),
        ("logit-adjust:0.5", Balance(LOGIT_ADJUST, 0.5)),
    ],
)
def test_small_categories_are_treated_in_one_of_four_ways(text: str, expected: Balance) -> None:
    found = balance(text)
    assert found == expected
    assert found.settings == {"balance": text}  # as it was typed


@pytest.mark.parametrize(
    "text",
    [
        *("sample", "sample:", "sample:0", "sample:-1", "sample:1.5", "sample:a"),
        *("logit-adjust", "logit-adjust:", "logit-adjust:-1", "logit-adjust:a"),
        *("logit-adjust:nan", "logit-adjust:inf", "weights:", "weights:3", "none:1", "foo", ""),
    ],
)
def test_other_ways_are_refused(text: str) -> None:
    with pytest.raises((argparse.ArgumentTypeError, ValueError)):
        balance(text)


def test_without_options_all_is_as_usual() -> None:
    assert choices_of({}) == DEFAULTS == Choices()
    nothing = dict.fromkeys(("model", "fusion", "head", "penalty", "search", "vectors", "balance"))
    assert choices_of(nothing) == DEFAULTS


def test_what_is_given_is_taken_and_the_rest_is_as_usual() -> None:
    given: dict[str, Any] = {"kind": "both", "head": (3,), "fusion": None, "db_path": Path("x.db")}
    assert choices_of(given) == Choices(kind="both", head=(3,))


def test_what_is_given_is_taken_even_where_it_is_nothing() -> None:
    assert choices_of({"head": (), "seed": 0, "balance": Balance(NONE)}) == DEFAULTS


@pytest.mark.parametrize(
    ("kind", "line", "expected"),
    [
        ("words", "", Choices(kind="words")),
        ("images", "", Choices(kind="images")),
        ("images", "--novelty", Choices(kind="images", novelty=True)),
        ("images", "--outside", Choices(kind="images", novelty=True)),
        ("both", "", Choices(kind="both")),
        ("words", "--model forest --seed 3", Choices(kind="words", model="forest", seed=3)),
        (
            "words",
            "--model logistic --penalty elastic --search 5",
            Choices(kind="words", model="logistic", penalty="elastic", search=5),
        ),
        (
            "words",
            "--model embedding --vectors glove.txt",
            Choices(kind="words", model="embedding", vectors=Path("glove.txt")),
        ),
        (
            "images",
            "--head dense:256,64 --balance sample:50 --max-per-category-train 100",
            Choices(
                kind="images",
                head=(256, 64),
                balance=Balance(SAMPLE, 50),
                max_per_category_train=100,
            ),
        ),
        (
            "both",
            "--fusion product --modality-dropout 0.2",
            Choices(kind="both", fusion="product", modality_dropout=0.2),
        ),
        (
            "both",
            "--fusion late --model logistic --penalty l1 --head dense:8 --balance logit-adjust:1",
            Choices(
                kind="both",
                fusion="late",
                model="logistic",
                penalty="l1",
                head=(8,),
                balance=Balance(LOGIT_ADJUST, 1),
            ),
        ),
        (
            "both",
            "--fusion stack --model embedding --vectors a.vec",
            Choices(kind="both", fusion="stack", model="embedding", vectors=Path("a.vec")),
        ),
    ],
)
def test_a_command_line_is_read_as_choices(
    monkeypatch: pytest.MonkeyPatch, kind: str, line: str, expected: Choices
) -> None:
    assert typed(monkeypatch, kind, line).choices == expected


@pytest.mark.parametrize("kind", ["words", "images", "both"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", Selection()),
        ("--depth 2 --min-per-category 20", Selection(depth=2, min_per_category=20)),
        ("--categories a,b --given-split", Selection(categories=("a", "b"), given_split=True)),
        ("--language FR,en,fr", Selection(languages=("fr", "en"))),
        (
            "--sample 0.1 --sample-per-category 9 --sample-seed 7 --seed 3",
            Selection(sample=0.1, sample_per_category=9, sample_seed=7),
        ),
    ],
)
def test_each_categorizer_can_be_asked_for_a_part_of_a_catalogue(
    monkeypatch: pytest.MonkeyPatch, kind: str, line: str, expected: Selection
) -> None:
    assert typed(monkeypatch, kind, line).selection == expected


def test_pictures_are_as_many_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = typed(monkeypatch, "images", "--images-per-product 3").selection
    assert asked == Selection(images_per_product=3)


@pytest.mark.parametrize("name", WORD_MODELS)
def test_each_model_of_words_can_be_typed_and_reads_texts_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    model = WORD_MODELS[name]
    args = typed(monkeypatch, "words", f"--model {name}")
    assert args.choices.model == name
    assert args.text_settings == TextSettings(model.vectorizer, model.clean)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_each_fusion_can_be_typed(monkeypatch: pytest.MonkeyPatch, fusion: str) -> None:
    assert typed(monkeypatch, "both", f"--fusion {fusion}").choices.fusion == fusion


@pytest.mark.parametrize(
    ("line", "text_settings"),
    [
        ("", TextSettings("bag", "basic")),
        ("--model sequence", TextSettings("sequence", "stemmed")),
        ("--model sequence --clean none", TextSettings("sequence", "none")),
        ("--model linear --clean stemmed --text-words 20", TextSettings("ngrams", "stemmed", 20)),
    ],
)
def test_texts_are_read_as_the_model_wants_unless_another_way_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, line: str, text_settings: TextSettings
) -> None:
    assert typed(monkeypatch, "words", line).text_settings == text_settings


@pytest.mark.parametrize(
    ("kind", "line", "message"),
    [
        ("words", "--vectors a.vec", "--vectors goes with --model embedding"),
        ("words", "--vectors a.vec --model linear", "--vectors goes with --model embedding"),
        ("words", "--penalty l1", "--penalty and --search go with --model logistic"),
        ("words", "--search 3 --model forest", "--penalty and --search go with --model logistic"),
        ("both", "--model forest", "--model forest goes with --fusion late or stack"),
        (
            "both",
            "--model logistic --fusion product",
            "--model logistic goes with --fusion late or stack",
        ),
        (
            "both",
            "--fusion late --modality-dropout 0.1",
            "--modality-dropout goes with one network, not with --fusion late",
        ),
        ("both", "--fusion stack --search 3", "--penalty and --search go with --model logistic"),
        ("both", "--vectors a.vec --fusion late", "--vectors goes with --model embedding"),
        ("words", "--sample-seed 0", "--sample-seed goes with --sample or --sample-per-category"),
        ("words", "--saved m --depth 2", "--saved trains nothing; leave out --depth"),
        ("words", "--saved m --sample 0.1", "--saved trains nothing; leave out --sample"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    line: str,
    message: str,
) -> None:
    assert usage_error(monkeypatch, capsys, kind, line).endswith(f": error: {message}\n")


@pytest.mark.parametrize(
    ("kind", "line", "message"),
    [
        ("images", "--head dense:", "dense: is not a head; pass softmax, or dense: with units"),
        ("images", "--head dense:a", "argument --head: invalid head value: 'dense:a'"),
        ("words", "--balance sample:0", "argument --balance: 0 is not a whole number"),
        (
            "words",
            "--balance foo",
            "foo is not a balance; pass none, weights, sample:N or logit-adjust:T",
        ),
        ("words", "--balance logit-adjust:-1", "argument --balance: -1 is not a strength"),
        ("words", "--max-per-category-train 0", "0 is not a whole number of at least 1"),
        ("words", "--language xx", "argument --language: 'xx' is not one of ar, bg, cs"),
        ("words", "--language ,", "argument --language: name at least one, such as fr"),
        ("words", "--sample 1", "argument --sample: 1 is not between 0 and 1"),
        ("words", "--sample-per-category 0", "0 is not a whole number of at least 1"),
        ("words", "--depth 0", "argument --depth: 0 is not a whole number of at least 1"),
        ("words", "--model perceptron", "argument --model: invalid choice: 'perceptron'"),
        ("both", "--fusion early", "argument --fusion: invalid choice: 'early'"),
        ("both", "--modality-dropout 1", "1 is not from 0 to below 1"),
        ("words", "--head dense:8", "unrecognized arguments: --head"),
        ("words", "--fusion late", "unrecognized arguments: --fusion"),
        ("images", "--model linear", "unrecognized arguments: --model"),
        ("images", "--modality-dropout 0.5", "unrecognized arguments: --modality-dropout"),
    ],
)
def test_an_option_that_cannot_be_read_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    line: str,
    message: str,
) -> None:
    assert message in usage_error(monkeypatch, capsys, kind, line)


def usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, line: str
) -> str:
    """What is said of a wrong command line before it ends."""
    with pytest.raises(SystemExit) as ended:
        typed(monkeypatch, kind, line)
    assert ended.value.code == 2
    out, error = capsys.readouterr()
    assert not out
    return error


@pytest.mark.parametrize("kind", ["words", "images", "both"])
def test_help_names_every_model_and_fusion_that_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(monkeypatch, kind, "--help")
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all((name in told) == (kind != "images") for name in ("forest", "--vectors", "--clean"))
    assert ("--fusion" in told) == (kind == "both")
    assert ("--head" in told) == (kind != "words")
