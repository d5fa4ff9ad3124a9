"""Those options of crawl.py that mark pictures instead of fetching them."""

import argparse
from pathlib import Path

MARKING = ("filter_images", "filter_label", "threshold")
WITH_MARKING = (*MARKING, "db_path", "images_path", "log_json")


def add_marking(parser: argparse.ArgumentParser) -> None:
    """Add --filter-images, --filter-label and --threshold."""
    group = parser.add_argument_group("to mark close-ups or logos, which fetches nothing")
    group.add_argument(
        "--filter-images",
        type=Path,
        metavar="MODEL",
        help="""look at each complete picture with a graph of retrain.py's, and mark those of a
        label: categorizers leave them out, unless a product has no others""",
    )
    group.add_argument(
        "--filter-label", metavar="LABEL", help="of the model, which is unwanted (zoomed)"
    )
    group.add_argument(
        "--threshold",
        type=threshold,
        default=0.5,
        metavar="T",
        help="""mark from this probability on; another one for the same model looks at nothing
        again, and 1 unmarks all (0.5)""",
    )


def misused(parser: argparse.ArgumentParser, args: argparse.Namespace) -> str | None:
    """Say what is wrong with the use of these options."""
    given = {name for name, value in vars(args).items() if value != parser.get_default(name)}
    if args.filter_images and not given <= set(WITH_MARKING):
        return (
            "--filter-images fetches nothing: it goes with --filter-label, --threshold, --db-path, "
            "--images-path and --log-json only"
        )
    if not args.filter_images and not given.isdisjoint(MARKING):
        return "--filter-label and --threshold go with --filter-images"
    return None


def threshold(text: str) -> float:
    """Read a probability above 0."""
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1, such as 0.5")
    return number
