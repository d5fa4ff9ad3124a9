"""The command line of retrain.py; the flags keep the names of TensorFlow's image retraining."""

import argparse
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from product_classifier.backbones import (
    FULL_PRECISION,
    GRAPH,
    HALF_PRECISION,
    MINI,
    STUDENT_SIZE,
    labels_beside,
)
from product_classifier.models.choices import LEARNING_RATE, Schedule
from product_classifier.options import common
from product_classifier.retraining.config import (
    DistillationConfig,
    Distortions,
    FineTuningConfig,
    is_part,
)

EXAMPLES = """\
  python retrain.py --image_dir flower_photos
  python retrain.py --image_dir flower_photos --how_many_training_steps 500
  python retrain.py --image_dir flower_photos --backbone path/to/saved_model
  python retrain.py --image_dir flower_photos --fine-tune last:2 --flip_left_right
  python retrain.py --distill --db-path crawl.db --image_dir more_pictures
  python retrain.py --distill --image_dir pictures --start_from mini --epochs 10
  python categorize_images.py --backbone retrain_out/network.npz
"""
OUT = Path("retrain_out")
Option = tuple[str, Callable[[str], object], object, str]  # name, type, default, help


def arguments(description: str | None) -> argparse.Namespace:
    """Parse the command line of retrain.py; exit with a usage error that names the problem."""
    parser = common.new_parser(description, EXAMPLES)
    add = parser.add_argument
    add(
        "--image_dir",
        type=Path,
        action="append",
        default=[],
        help="folder of folders of pictures, each a label; with --distill any pictures, repeatable",
    )
    add("--backbone", help=common.BACKBONE_HELP)
    add("--weights", type=Path, metavar="FILE", help=common.WEIGHTS_HELP)
    add_options(parser, OPTIONS)
    add(
        "--print_misclassified_test_images",
        action="store_true",
        help="list the misclassified test pictures with their predicted labels",
    )
    group = parser.add_argument_group("fine-tuning")
    add = group.add_argument
    add(
        "--fine-tune",
        type=part,
        metavar="PART",
        help="head, last:N or all: train that part of --backbone together with a softmax head",
    )
    add("--flip_left_right", action="store_true", help="mirror half of the pictures")
    add_options(group, FINE_TUNING_OPTIONS)
    group = parser.add_argument_group("distillation")
    add = group.add_argument
    add("--distill", action="store_true", help="train a student of --backbone, without labels")
    add(
        "--db-path",
        type=Path,
        help="learn from the training pictures of this crawl, never from its test pictures",
    )
    add_options(group, DISTILLATION_OPTIONS)
    add_options(parser.add_argument_group("fine-tuning and distillation"), BOTH_OPTIONS)
    args = parser.parse_args()
    for wrong, message in (
        (not args.distill and len(args.image_dir) != 1, "pass --image_dir once"),
        (not (args.image_dir or args.db_path), "pass --db-path or --image_dir"),
        (args.output_student.suffix != ".npz", "--output_student must end in .npz"),
        (args.distill and args.backbone == MINI, "--backbone mini is a student, not a teacher"),
        (args.output_network.suffix != ".npz", "--output_network must end in .npz"),
        (args.distill and args.fine_tune, "pass either --distill or --fine-tune"),
        (
            distortions(args) and not args.fine_tune,
            "distortions go with --fine-tune, since each one takes a pass through the network; "
            "pass --fine-tune head to train a softmax head alone",
        ),
        (not args.testing_percentage, "--testing_percentage 0 leaves nothing to test on"),
        (
            args.testing_percentage + args.validation_percentage >= 100,
            "--testing_percentage and --validation_percentage leave nothing to train on",
        ),
    ):
        if wrong:
            parser.error(message)
    args.output_labels = args.output_labels or labels_beside(args.output_graph)
    args.train_batch_size = args.train_batch_size or (
        FineTuningConfig.batch_size if args.fine_tune else 100
    )
    args.epochs = args.epochs or (
        FineTuningConfig.epochs if args.fine_tune else DistillationConfig.epochs
    )
    return args


def distortions(args: argparse.Namespace) -> Distortions:
    """Return the distortions that the options ask for."""
    return Distortions(**{field.name: getattr(args, field.name) for field in fields(Distortions)})


def schedule(args: argparse.Namespace) -> Schedule:
    """Return the schedule of the head: Adam, or with --learning_rate plain gradient descent."""
    return Schedule(
        batch_size=args.train_batch_size,
        steps=args.how_many_training_steps,
        round_steps=args.eval_step_interval,
        patience=None,
        learning_rate=args.learning_rate or LEARNING_RATE,
        adam=not args.learning_rate,
    )


def fine_tuning_config(args: argparse.Namespace) -> FineTuningConfig:
    """Return the fine-tuning settings; the default precision is bfloat16 on a GPU."""
    from product_classifier.backbones.runtime import on_accelerator

    usual = HALF_PRECISION if on_accelerator() else FULL_PRECISION
    return FineTuningConfig(
        part=args.fine_tune,
        epochs=args.epochs,
        batch_size=args.train_batch_size,
        learning_rate=args.learning_rate,
        precision=args.precision or usual,
        seed=args.seed,
        distortions=distortions(args),
    )


def add_options(group: argparse._ActionsContainer, options: tuple[Option, ...]) -> None:
    """Add the options of a table; the help of one without a default describes its absence."""
    for name, kind, default, text in options:
        help_text = text if default is None else f"{text} (%(default)s)"
        group.add_argument(f"--{name}", type=kind, default=default, help=help_text)


def tensor_name(text: str) -> str:
    """Return a name that TensorFlow accepts for an operation, or refuse the text."""
    if not re.fullmatch(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a valid tensor name; use letters, digits and _"
        )
    return text


def part(text: str) -> str:
    """Return the part of a network to train: head, all or last:N."""
    if not is_part(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not head, all, or last:N such as last:2")
    return text


def at_most(limit: int, what: str) -> Callable[[str], int]:
    """Return a parser of whole numbers from 0 to a limit."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) <= limit):
            raise argparse.ArgumentTypeError(f"{text} is not from 0 to {limit} {what}")
        return int(text)

    return read


def precision(text: str) -> str:
    """Return the name of a precision, or refuse the text."""
    if text not in (FULL_PRECISION, HALF_PRECISION):
        raise argparse.ArgumentTypeError(f"{text!r} is neither {FULL_PRECISION} nor bfloat16")
    return text


OPTIONS: tuple[Option, ...] = (
    ("model_dir", Path, OUT / "imagenet", "folder of fetched networks"),
    ("bottleneck_dir", Path, OUT / "bottleneck", "folder of cached bottlenecks"),
    ("validation_percentage", common.percentage, 10, "of the pictures, to tune on"),
    ("testing_percentage", common.percentage, 10, "of the pictures, to test on"),
    ("seed", common.seed, 0, "of weights and shuffling"),
    ("output_graph", Path, OUT / GRAPH, "exported graph; .onnx with --backbone mini"),
    ("output_labels", Path, None, "labels of the graph (beside it: g_labels.txt of g.onnx)"),
    ("final_tensor_name", tensor_name, "final_result", "name of the graph's output"),
    ("summaries_dir", Path, OUT / "retrain_logs", "folder of curves for TensorBoard"),
    ("how_many_training_steps", common.positive, 4000, "training steps, a batch each"),
    (
        "learning_rate",
        common.amount("learning rate"),
        0,
        "for gradient descent; 0 means Adam; with --fine-tune, for Adam",
    ),
    ("eval_step_interval", common.positive, 10, "steps between evaluations"),
    (
        "train_batch_size",
        common.positive,
        None,
        f"pictures in a step (100, or {FineTuningConfig.batch_size} with --fine-tune)",
    ),
    (
        "validation_batch_size",
        common.how_many,
        100,
        "validation pictures; -1 means all",
    ),
    ("test_batch_size", common.how_many, -1, "test pictures; -1 means all"),
)
DISTILLATION_OPTIONS: tuple[Option, ...] = (
    ("images-path", Path, Path("images"), "folder of that crawl's pictures"),
    (
        "output_student",
        Path,
        OUT / "student.npz",
        "file of the student; resumes from .state if interrupted",
    ),
    (
        "views",
        common.positive,
        DistillationConfig.views,
        "versions of each picture, one of them undistorted",
    ),
    ("start_from", str, None, "student to start from, mini or a .npz file (random weights)"),
    (
        "student_size",
        common.positive,
        None,
        f"side of the student's pictures, in pixels (that of --start_from, or {STUDENT_SIZE})",
    ),
)
PER_CENT, DEGREES = at_most(100, "per cent"), at_most(180, "degrees")
FINE_TUNING_OPTIONS: tuple[Option, ...] = (
    ("random_crop", PER_CENT, 0, "per cent that the picture is larger than the crop"),
    ("random_scale", PER_CENT, 0, "per cent that the picture is enlarged further, at most"),
    ("random_brightness", PER_CENT, 0, "per cent that the picture is brighter or darker, at most"),
    ("random_rotation", DEGREES, 0, "degrees that the picture is rotated, at most"),
    ("random_shear", at_most(60, "degrees"), 0, "degrees that the picture is sheared, at most"),
    (
        "output_network",
        Path,
        OUT / "network.npz",
        "file of the network, for --backbone; resumes from .state if interrupted",
    ),
)
BOTH_OPTIONS: tuple[Option, ...] = (
    (
        "epochs",
        common.positive,
        None,
        f"most epochs ({FineTuningConfig.epochs} of fine-tuning, "
        f"{DistillationConfig.epochs} of distillation)",
    ),
    (
        "precision",
        precision,
        None,
        "float32 or bfloat16, which is several times faster on some processors (float32; bfloat16 "
        "with --fine-tune on a GPU)",
    ),
)
