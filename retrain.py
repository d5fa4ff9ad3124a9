"""Train a classifier of pictures on a folder of folders, each named as its pictures' label.

With --fine-tune: train the network itself, too; with --distill: train a small network that gives
nearly what a large one gives, on any pictures.
"""

from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=True)
# isort: split
from product_classifier.options.retraining import arguments, fine_tuning_config, schedule

if __name__ == "__main__":
    arguments(__doc__)  # --help and wrong usage end here, before what takes long to load
# isort: split

import argparse
import os

from product_classifier.backbones import FULL_PRECISION
from product_classifier.printable import unbroken
from product_classifier.recipes.distil_student import DistillationSettings, distil_student
from product_classifier.recipes.retrain_network import (
    RetrainingSettings,
    Tested,
    fine_tune_network,
    retrain_head,
)
from product_classifier.retraining.config import DistillationConfig
from product_classifier.terminal import script


def main() -> int:
    """Retrain a classifier, fine-tune a network, or distil a student."""
    args = arguments(__doc__)
    os.environ.setdefault("TFHUB_CACHE_DIR", str(args.model_dir))
    return distil(args) if args.distill else retrain(args)


def retrain(args: argparse.Namespace) -> int:
    """Train a softmax head, and with --fine-tune the network; print the test accuracy."""
    settings = RetrainingSettings(
        folder=args.image_dir[0],
        validation_percentage=args.validation_percentage,
        testing_percentage=args.testing_percentage,
        test_batch_size=args.test_batch_size,
        seed=args.seed,
        backbone=args.backbone,
        weights=args.weights,
        cache_path=args.bottleneck_dir,
        graph_path=args.output_graph,
        labels_path=args.output_labels,
        final_tensor_name=args.final_tensor_name,
        summaries_path=args.summaries_dir,
    )
    if args.fine_tune:
        config = fine_tuning_config(args)
        tested = fine_tune_network(settings, config, args.output_network, script.console)
    else:
        tested = retrain_head(
            settings,
            schedule(args),
            script.console,
            validation_batch_size=args.validation_batch_size,
        )
    print_test(tested, list_errors=args.print_misclassified_test_images)
    return script.UNFINISHED if tested.lost else script.DONE


def print_test(tested: Tested, *, list_errors: bool) -> None:
    """Print the test accuracy and, with list_errors, the misclassified pictures."""
    images = tested.images
    wrong = [(row, label) for row, label in tested.predictions if label != images.label_of[row]]
    if list_errors:
        for row, label in wrong:
            script.show(unbroken(f"{images.images[row].file}  {images.labels[label]}"))
    count = len(tested.predictions)
    script.show(f"Final test accuracy = {1 - len(wrong) / count:.1%} (N={count})")


def distil(args: argparse.Namespace) -> int:
    """Distil a student, save it, and print how well it agrees with its teacher."""
    settings = DistillationSettings(
        db_path=args.db_path,
        images_path=args.images_path,
        folders=args.image_dir,
        validation_percentage=args.validation_percentage,
        teacher=args.backbone,
        weights=args.weights,
        cache_path=args.bottleneck_dir,
        start_from=args.start_from,
        student_size=args.student_size,
        student_path=args.output_student,
    )
    config = DistillationConfig(
        epochs=args.epochs,
        views=args.views,
        precision=args.precision or FULL_PRECISION,
        seed=args.seed,
    )
    distilled, sha256 = distil_student(settings, config, script.console)
    script.show(
        f"{args.output_student} explains {distilled.agreement.explained:.1%} of its teacher's "
        f"variance on tuning pictures, at a cosine of {distilled.agreement.cosine:.3f}; "
        f"SHA-256 {sha256}"
    )
    return script.UNFINISHED if distilled.lost else script.DONE


if __name__ == "__main__":
    script.run(main)
