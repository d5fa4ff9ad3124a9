"""Categorize products by their names and descriptions: one experiment in crawl.db."""

from product_classifier.terminal import startup

if __name__ == "__main__":
    startup.begin(computes=True)
# isort: split
from product_classifier.options.categorizing import arguments

if __name__ == "__main__":
    arguments("words", __doc__)  # --help and wrong usage end here, before the slow imports
# isort: split

import time

from product_classifier.features.dataset_features import word_features
from product_classifier.models.experiment import run_experiment
from product_classifier.models.saved import save_model
from product_classifier.recipes.file_products import file_products, filed_text
from product_classifier.recipes.select_products import select
from product_classifier.report.text import experiment_text
from product_classifier.store.database import insist_on_writable, open_database
from product_classifier.store.experiments import save_experiment
from product_classifier.terminal import script


def main() -> int:
    """Read, split, make features, train, predict, store."""
    args = arguments("words", __doc__)
    if args.saved:
        filed, lost = file_products(
            "words",
            args.saved,
            db_path=args.db_path,
            everything=args.all,
            feature_paths=args.feature_paths,
            console=script.console,
        )
        return script.end(filed_text(filed), lost)
    if args.save:
        script.make_folder(args.save)  # before the long computations
    started = time.monotonic()
    with open_database(args.db_path) as db:
        insist_on_writable(db)
        dataset, _ = select(db, args.selection, script.console)
        script.console.warn(dataset.left_out, "left out")
        features = word_features(dataset, args.cache_path, args.text_settings, script.console)
        experiment, trained = run_experiment(
            dataset, features, args.choices, started, script.console
        )
        number = save_experiment(db, experiment)
    if args.save:
        save_model(
            args.save, trained, experiment, dataset, features, text_settings=args.text_settings
        )
    return script.end(experiment_text(number, experiment, dataset))


if __name__ == "__main__":
    script.run(main)
