"""The command lines of the three categorizers."""

from __future__ import annotations

import argparse
from pathlib import Path

from product_classifier.features.cleaning import CLEANINGS, TextSettings
from product_classifier.models.choices import (
    APART,
    DEFAULTS,
    FUSIONS,
    LEVELLED,
    LOGIT_ADJUST,
    NONE,
    PENALTIES,
    SAMPLE,
    WEIGHTS,
    WIDEST_LAYER,
    WORD_MODELS,
    Balance,
    choices_of,
)
from product_classifier.options import common, selection
from product_classifier.records import FeaturePaths

WITH_SAVED = ("saved", "all", "db_path", "cache_path", "images_path", "backbone", "weights")
SEVERAL_HELP = """pool the features of up to N pictures of each product, as crawl.py fetched them;
useful from 3, since of two pictures the main one is used alone (1)"""
EXAMPLES = {
    "words": """\
  python categorize_words.py
  python categorize_words.py --min-per-category 20 --model blend
  python categorize_words.py --model logistic --search 20 --balance weights
  python categorize_words.py --categories watches,bootcut-jeans
  python categorize_words.py --depth 2 --language fr --sample 0.1
""",
    "images": """\
  python categorize_images.py
  python categorize_images.py --min-per-category 20 --backbone path/to/saved_model
  python categorize_images.py --head dense:256,256
  python categorize_images.py --categories watches,bootcut-jeans
  python categorize_images.py --depth 2 --language fr --sample 0.1
""",
    "both": """\
  python categorize_both.py
  python categorize_both.py --min-per-category 20 --backbone path/to/saved_model
  python categorize_both.py --fusion late --model blend
  python categorize_both.py --categories watches,bootcut-jeans
  python categorize_both.py --depth 2 --language fr --sample 0.1
""",
}


def arguments(kind: str, description: str | None) -> argparse.Namespace:
    """Parse the command line of the categorizer of words, images or both.

    The result also has selection (the products to use), choices (the model to train),
    feature_paths, and text_settings (how texts become vectors). Exits with a usage error that names
    the problem.
    """
    parser = common.new_parser(description, EXAMPLES[kind])
    common.add_database(parser)
    selection.add_subset(parser)
    parser.add_argument(
        "--seed", type=common.seed, default=0, help="seed of weights and shuffling (0)"
    )
    common.add_cache(parser)
    if kind != "words":
        common.add_pictures(parser)
        common.add_images_per_product(parser, SEVERAL_HELP)
    if kind != "images":
        _add_words(parser)
    if kind != "words":
        _add_head(parser)
    if kind == "both":
        _add_fusion(parser)
    _add_imbalance(parser)
    _add_levels(parser)
    _add_novelty(parser)
    _add_saving(parser, kind)
    args = parser.parse_args()
    problem = (
        _of_no_use(parser, args) or selection.contradiction(args) or _contradiction(args, kind)
    )
    if problem:
        parser.error(problem)
    if kind == "words":
        args.feature_paths = FeaturePaths(Path(), args.cache_path)
    else:
        args.feature_paths = FeaturePaths(
            args.images_path, args.cache_path, args.backbone, args.weights
        )
    args.selection = selection.selection_of(args)
    args.choices = choices_of({"kind": kind, **vars(args)})
    if kind != "images":
        model = WORD_MODELS[args.choices.model]
        args.text_settings = TextSettings(
            model.vectorizer, args.clean or model.clean, args.text_words
        )
    return args


def _add_words(parser: argparse.ArgumentParser) -> None:
    words = parser.add_argument_group("words")
    listed = "; ".join(f"{name}: {model.about}" for name, model in WORD_MODELS.items())
    words.add_argument("--model", choices=WORD_MODELS, help=f"(network) {listed}")
    words.add_argument(
        "--clean",
        choices=CLEANINGS,
        help="""how texts become terms; none: cut at spaces; basic: letters and digits in lower case
        (the default of most models); stemmed: stems without stop words (that of sequence)""",
    )
    words.add_argument(
        "--text-words", type=common.positive, metavar="N", help="use the first N words of a text"
    )
    words.add_argument(
        "--vectors",
        type=Path,
        metavar="FILE",
        help="for embedding: a word2vec, GloVe or fastText file (trained on the catalogue)",
    )
    words.add_argument("--penalty", choices=PENALTIES, help="penalty of logistic (l2)")
    words.add_argument(
        "--search",
        type=common.positive,
        metavar="N",
        help="try N strengths of logistic's penalty, and keep the best on tuning products",
    )


def _add_head(parser: argparse.ArgumentParser) -> None:
    pictures = parser.add_argument_group("pictures")
    pictures.add_argument(
        "--head",
        type=head,
        metavar="dense:N,N",
        help="layers between bottleneck and categories, with dropout (softmax: none)",
    )


def _add_fusion(parser: argparse.ArgumentParser) -> None:
    both = parser.add_argument_group("both")
    both.add_argument(
        "--fusion",
        choices=FUSIONS,
        help=f"""({DEFAULTS.fusion}) concat, product, concat-dense: one network over both; late:
        separate models, probabilities weighted; stack: separate models, combined by a third""",
    )
    both.add_argument(
        "--modality-dropout",
        type=common.portion,
        metavar="P",
        help="share of products whose words or picture are hidden in training (0)",
    )


def _add_imbalance(parser: argparse.ArgumentParser) -> None:
    sizes = parser.add_argument_group("categories of unequal sizes")
    sizes.add_argument(
        "--balance",
        type=balance,
        metavar="HOW",
        help="""none; weights: each category has the same weight; sample:N: N products of each;
        logit-adjust:T: T x the logarithm of a category's share is subtracted from its logit""",
    )
    sizes.add_argument(
        "--max-per-category-train",
        type=common.positive,
        metavar="N",
        help="""train on at most N products of a category, test on all (--sample-per-category
        limits both)""",
    )


def _add_levels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--levels",
        action="store_true",
        help="""train a head for each level of the tree, and report the accuracy of each level
        beside chance""",
    )


def _add_novelty(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--novelty",
        "--outside",  # its former name
        action="store_true",
        help="""also score how unlike all the categories each product is, and mark products that a
        person should check whatever their category's score; trains once more""",
    )


def _add_saving(parser: argparse.ArgumentParser, kind: str) -> None:
    saving = parser.add_argument_group("saved models")
    saving.add_argument(
        "--save", type=Path, metavar="DIR", help="save the trained model to a folder"
    )
    saving.add_argument(
        "--saved",
        type=Path,
        metavar="DIR",
        help=f"""train nothing: print categories for the database's uncategorized products, as CSV,
        by a model that categorize_{kind}.py --save has written""",
    )
    saving.add_argument(
        "--all", action="store_true", help="with --saved: print categories for all products"
    )


def _of_no_use(parser: argparse.ArgumentParser, args: argparse.Namespace) -> str | None:
    """Return the problem if an option would be ignored: a saved model keeps its settings."""
    if not args.saved:
        return "--all goes with --saved" if args.all else None
    changed = [name for name, value in vars(args).items() if value != parser.get_default(name)]
    ignored = [name for name in changed if name not in WITH_SAVED]
    return (
        f"--saved trains nothing; leave out --{ignored[0].replace('_', '-')}" if ignored else None
    )


def _contradiction(args: argparse.Namespace, kind: str) -> str | None:
    """Return the problem if options contradict each other."""
    if kind == "images":
        return None
    model = args.model or DEFAULTS.model
    if args.vectors and model != "embedding":
        return "--vectors goes with --model embedding"
    if args.levels and model not in LEVELLED:
        return f"--levels goes with one network, not with --model {model}"
    if (args.penalty or args.search) and model != "logistic":
        return "--penalty and --search go with --model logistic"
    if kind == "both":
        fusion = args.fusion or DEFAULTS.fusion
        if fusion not in APART and model != DEFAULTS.model:
            return f"--model {model} goes with --fusion {' or '.join(APART)}"
        if fusion in APART and args.levels:
            return f"--levels goes with one network, not with --fusion {fusion}"
        if fusion in APART and args.modality_dropout:
            return f"--modality-dropout goes with one network, not with --fusion {fusion}"
    return None


def head(text: str) -> tuple[int, ...]:
    """Return the units of a head's layers; none for softmax, (256, 256) for dense:256,256."""
    if text == "softmax":
        return ()
    kind, _, layers = text.partition(":")
    units = tuple(common.positive(part) for part in layers.split(",")) if layers else ()
    if kind != "dense" or not units or max(units) > WIDEST_LAYER:
        raise argparse.ArgumentTypeError(
            f"{text} is not a head; pass softmax, or dense: with units, such as dense:256,256"
        )
    return units


def balance(text: str) -> Balance:
    """Return the treatment of small categories."""
    kind, _, value = text.partition(":")
    if text in (NONE, WEIGHTS):
        return Balance(kind)
    if kind == SAMPLE and value:
        return Balance(kind, common.positive(value))
    if kind == LOGIT_ADJUST and value:
        return Balance(kind, common.amount("strength")(value))
    raise argparse.ArgumentTypeError(
        f"{text} is not a balance; pass none, weights, sample:N or logit-adjust:T, such as "
        "logit-adjust:1"
    )
