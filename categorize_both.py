"""Categorize products by their words and pictures together: one experiment in crawl.db."""

import time

from product_classifier import cli
from product_classifier.features.backbone import choose_backbone
from product_classifier.features.features import picture_features, word_features
from product_classifier.models.experiment import run_experiment
from product_classifier.models.split import frozen_split
from product_classifier.options.categorizing import arguments
from product_classifier.report.text import experiment_text
from product_classifier.store.database import open_database, snapshot
from product_classifier.store.dataset import read_dataset, read_identities
from product_classifier.store.experiments import save_experiment

EXAMPLES = """\
  python categorize_both.py
  python categorize_both.py --min-per-category 20 --backbone path/to/saved_model
  python categorize_both.py --fusion late --model blend
  python categorize_both.py --categories clutches,bootcut-jeans
"""


def main() -> int:
    """Read, split, make features, train, predict, store."""
    args = arguments("both", __doc__, EXAMPLES)
    started = time.monotonic()
    with open_database(args.db_path) as db:
        with snapshot(db):
            parts = frozen_split(read_identities(db))
            dataset = read_dataset(db, parts, args.categories, args.min_per_category)
        cli.warn(dataset.left_out, "left out")
        features = word_features(dataset, args.cache_path, args.reading) | picture_features(
            dataset.images,
            args.images_path,
            choose_backbone(args.backbone, cli.say, args.weights),
            args.cache_path,
            cli.progress,
        )
        cli.warn(features.lost_pictures, "picture not read")
        experiment = run_experiment(dataset, features, args.choices, started, cli.progress)
        number = save_experiment(db, experiment)
    print(experiment_text(number, experiment, dataset))
    return cli.UNFINISHED if features.lost_pictures else cli.DONE


if __name__ == "__main__":
    cli.run(main)
