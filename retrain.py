"""Train a classifier of pictures on a folder of folders, each named as its pictures' label."""

import argparse
import collections
import os
import re
from pathlib import Path

from product_classifier import cli
from product_classifier.features.backbone import load_backbone
from product_classifier.features.features import picture_features
from product_classifier.models.export import export_graph
from product_classifier.models.retraining import retrain, split_images
from product_classifier.models.summaries import Summaries
from product_classifier.models.training import LEARNING_RATE, Schedule
from product_classifier.sources.folder import read_labelled_images

EXAMPLES = """\
  python retrain.py --image_dir flower_photos
  python retrain.py --image_dir flower_photos --how_many_training_steps 500
  python retrain.py --image_dir flower_photos --backbone path/to/saved_model
"""
FEW_IMAGES = 20
OUT = Path("retrain_out")
DISTORTIONS = ("flip_left_right", "random_crop", "random_scale", "random_brightness")


def main() -> int:
    """Read, split, make bottlenecks, train, test, save."""
    args = arguments()
    os.environ.setdefault("TFHUB_CACHE_DIR", str(args.model_dir))
    found = read_labelled_images(args.image_dir)
    for k, count in sorted(collections.Counter(found.label_of).items()):
        if count < FEW_IMAGES:
            cli.say(f"{found.labels[k]!r} has only {count} pictures; {FEW_IMAGES} are few")
    parts = split_images(found.images, args.validation_percentage, args.testing_percentage)
    backbone = load_backbone(args.backbone)
    features = picture_features(
        found.images, args.image_dir, backbone, args.bottleneck_dir, cli.progress
    )
    cli.warn(features.lost_pictures, "picture not read")
    result = retrain(
        features,
        found.label_of,
        parts,
        found.labels,
        schedule(args),
        args.seed,
        args.validation_batch_size,
        args.test_batch_size,
        cli.progress,
        Summaries(args.summaries_dir).observe,
    )
    export_graph(
        result.network,
        backbone,
        found.labels,
        args.output_graph,
        args.output_labels,
        args.final_tensor_name,
    )
    tested = list(zip(result.test_rows, result.predicted, strict=True))
    wrong = [(row, label) for row, label in tested if label != found.label_of[row]]
    if args.print_misclassified_test_images:
        for row, label in wrong:
            print(f"{found.images[row].file}  {found.labels[label]}")
    accuracy = 1 - len(wrong) / len(tested)
    print(f"Final test accuracy = {accuracy:.1%} (N={len(tested)})")
    cli.say(f"saved {args.output_graph} and {args.output_labels}")
    return cli.UNFINISHED if features.lost_pictures else cli.DONE


def schedule(args: argparse.Namespace) -> Schedule:
    """Read how to train: Adam, unless a learning rate asks for plain gradient descent."""
    return Schedule(
        batch_size=args.train_batch_size,
        steps=args.how_many_training_steps,
        round_steps=args.eval_step_interval,
        patience=None,
        learning_rate=args.learning_rate or LEARNING_RATE,
        adam=not args.learning_rate,
    )


def arguments() -> argparse.Namespace:
    """Read the command line; the flags keep the names of TensorFlow's image retraining."""
    parser = cli.new_parser(__doc__, EXAMPLES)
    add = parser.add_argument
    add("--image_dir", type=Path, required=True, help="folder of folders of pictures")
    add(
        "--output_graph",
        type=Path,
        default=OUT / "output_graph.pb",
        help="trained graph (%(default)s)",
    )
    add(
        "--output_labels",
        type=Path,
        default=OUT / "output_labels.txt",
        help="its labels (%(default)s)",
    )
    add(
        "--summaries_dir",
        type=Path,
        default=OUT / "retrain_logs",
        help="for TensorBoard (%(default)s)",
    )
    add("--how_many_training_steps", type=cli.positive, default=4000, help="(4000)")
    add("--learning_rate", type=float, default=0, help="of gradient descent; 0 means Adam (0)")
    add("--testing_percentage", type=percentage, default=10, help="of the pictures (10)")
    add("--validation_percentage", type=percentage, default=10, help="of the pictures (10)")
    add("--eval_step_interval", type=cli.positive, default=10, help="steps (10)")
    add("--train_batch_size", type=cli.positive, default=100, help="pictures in a step (100)")
    add("--test_batch_size", type=how_many, default=-1, help="test pictures; -1 means all (-1)")
    add("--validation_batch_size", type=how_many, default=100, help="at each look (100)")
    add(
        "--print_misclassified_test_images",
        action="store_true",
        help="list them, with what they are taken for",
    )
    add(
        "--model_dir",
        type=Path,
        default=OUT / "imagenet",
        help="where a fetched network stays (%(default)s)",
    )
    add(
        "--bottleneck_dir",
        type=Path,
        default=OUT / "bottleneck",
        help="where bottlenecks stay (%(default)s)",
    )
    add(
        "--final_tensor_name",
        type=tensor_name,
        default="final_result",
        help="of the graph's output (final_result)",
    )
    add("--backbone", default="inception_v3", help=cli.BACKBONE_HELP)
    add("--seed", type=cli.seed, default=0, help="of weights and shuffling (0)")
    add("--flip_left_right", action="store_true", help="not yet")
    for name in DISTORTIONS[1:]:
        add(f"--{name}", type=int, default=0, help="not yet")
    args = parser.parse_args()
    if asked := [name for name in DISTORTIONS if getattr(args, name)]:
        parser.error(f"--{asked[0]}: distortions are not there yet; leave it out")
    if not args.testing_percentage:
        parser.error("--testing_percentage 0 leaves nothing to test on")
    if args.testing_percentage + args.validation_percentage >= 100:
        parser.error("--testing_percentage and --validation_percentage leave nothing to train on")
    return args


def how_many(text: str) -> int:
    """Read a number of pictures, or -1 for all."""
    return -1 if text == "-1" else cli.positive(text)


def tensor_name(text: str) -> str:
    """Read a name that TensorFlow accepts for an operation."""
    if not re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name for a tensor; use letters and _")
    return text


def percentage(text: str) -> float:
    """Read a number from 0 to 100."""
    number = float(text)
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return number


if __name__ == "__main__":
    cli.run(main)
