"""The command line of retrain.py; the flags keep the names of TensorFlow's image retraining."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from product_classifier.features.backbone import FULL_PRECISION, HALF_PRECISION, MINI
from product_classifier.features.student import Shape
from product_classifier.models.distillation import Course
from product_classifier.options import common

EXAMPLES = """\
  python retrain.py --image_dir flower_photos
  python retrain.py --image_dir flower_photos --how_many_training_steps 500
  python retrain.py --image_dir flower_photos --backbone path/to/saved_model
  python retrain.py --distill --db-path crawl.db --image_dir more_pictures
  python retrain.py --distill --image_dir pictures --start_from mini --epochs 10
  python categorize_images.py --backbone retrain_out/student.npz
"""
OUT = Path("retrain_out")
Option = tuple[str, Callable[[str], object], object, str]  # name, type, default, help
DISTORTIONS = ("flip_left_right", "random_crop", "random_scale", "random_brightness")


def arguments(description: str | None) -> argparse.Namespace:
    """Read it, or end with the usage error that names what is wrong."""
    parser = common.new_parser(description, EXAMPLES)
    add = parser.add_argument
    add(
        "--image_dir",
        type=Path,
        action="append",
        default=[],
        help="folder of folders of pictures; with --distill of any pictures, repeatable",
    )
    add("--backbone", help=common.BACKBONE_HELP)
    add("--weights", type=Path, metavar="FILE", help=common.WEIGHTS_HELP)
    add_options(parser, OPTIONS)
    add(
        "--print_misclassified_test_images",
        action="store_true",
        help="list them, with what they are taken for",
    )
    add("--flip_left_right", action="store_true", help="not yet")
    for name in DISTORTIONS[1:]:
        add(f"--{name}", type=int, default=0, help="not yet")
    group = parser.add_argument_group("distillation")
    add = group.add_argument
    add("--distill", action="store_true", help="train a student of --backbone, without labels")
    add("--db-path", type=Path, help="learn from the training pictures of this crawl, never others")
    add_options(group, DISTILLATION_OPTIONS)
    args = parser.parse_args()
    for wrong, message in (
        (not args.distill and len(args.image_dir) != 1, "pass --image_dir once"),
        (not (args.image_dir or args.db_path), "pass --db-path or --image_dir"),
        (args.output_student.suffix != ".npz", "--output_student must end in .npz"),
        (args.distill and args.backbone == MINI, "--backbone mini is a student, no teacher"),
        (
            any(getattr(args, name) for name in DISTORTIONS),
            "distortions are not there yet; leave them out",
        ),
        (not args.testing_percentage, "--testing_percentage 0 leaves nothing to test on"),
        (
            args.testing_percentage + args.validation_percentage >= 100,
            "--testing_percentage and --validation_percentage leave nothing to train on",
        ),
    ):
        if wrong:
            parser.error(message)
    return args


def add_options(group: argparse._ActionsContainer, options: tuple[Option, ...]) -> None:
    """Add the rows of a table; what has no default says itself what happens without it."""
    for name, kind, default, text in options:
        told = text if default is None else f"{text} (%(default)s)"
        group.add_argument(f"--{name}", type=kind, default=default, help=told)


def tensor_name(text: str) -> str:
    """Read a name that TensorFlow accepts for an operation."""
    if not re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name for a tensor; use letters and _")
    return text


def precision(text: str) -> str:
    """Read the name of a precision."""
    if text not in (FULL_PRECISION, HALF_PRECISION):
        raise argparse.ArgumentTypeError(f"{text!r} is neither {FULL_PRECISION} nor bfloat16")
    return text


OPTIONS: tuple[Option, ...] = (
    ("model_dir", Path, OUT / "imagenet", "where a fetched network stays"),
    ("bottleneck_dir", Path, OUT / "bottleneck", "where bottlenecks stay"),
    ("validation_percentage", common.percentage, 10, "of the pictures"),
    ("testing_percentage", common.percentage, 10, "of the pictures"),
    ("seed", common.seed, 0, "of weights and shuffling"),
    ("output_graph", Path, OUT / "output_graph.pb", "trained graph; .onnx with --backbone mini"),
    ("output_labels", Path, OUT / "output_labels.txt", "its labels"),
    ("final_tensor_name", tensor_name, "final_result", "of the graph's output"),
    ("summaries_dir", Path, OUT / "retrain_logs", "for TensorBoard"),
    ("how_many_training_steps", common.positive, 4000, "batches to learn from"),
    ("learning_rate", float, 0, "of gradient descent; 0 means Adam"),
    ("eval_step_interval", common.positive, 10, "steps"),
    ("train_batch_size", common.positive, 100, "pictures in a step"),
    ("validation_batch_size", common.how_many, 100, "pictures at each look; -1 means all"),
    ("test_batch_size", common.how_many, -1, "test pictures; -1 means all"),
)
DISTILLATION_OPTIONS: tuple[Option, ...] = (
    ("images-path", Path, Path("images"), "the pictures of that crawl"),
    ("output_student", Path, OUT / "student.npz", "its weights; .state goes on when interrupted"),
    ("epochs", common.positive, Course.epochs, "at most"),
    ("views", common.positive, Course.views, "distorted versions of each picture, and itself"),
    ("start_from", str, None, "student to go on from, mini or a .npz file; else it begins anew"),
    (
        "student_size",
        common.positive,
        None,
        f"pixels of its pictures; else those of --start_from, or {Shape.size}",
    ),
    (
        "precision",
        precision,
        FULL_PRECISION,
        "or bfloat16, several times faster on some processors",
    ),
)
