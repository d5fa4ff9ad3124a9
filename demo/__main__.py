"""The demo: serves a drawn catalogue, crawls it, categorizes it in three ways and reports.

With --serve, `python -m demo` only serves the catalogue, for other experiments.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from demo.catalogue.products import make_catalogue
from demo.server import KEY, serve
from product_classifier.errors import ProductClassifierError
from product_classifier.options import common
from product_classifier.terminal import script

ROOT = Path(__file__).parents[1]  # where the scripts are
EXAMPLES = """\
  python -m demo
  python -m demo --backbone path/to/saved_model
  python -m demo --serve --port 8780"""


def main() -> int:
    """Serve the demo catalogue and, without --serve, run all scripts on it."""
    args = arguments()
    catalogue = make_catalogue(args.seed, args.products)
    with serve(catalogue, args.port) as address:
        if args.serve:
            print(f"{address}/api/v2 speaks the ShopStyle API; its key is {KEY}", flush=True)
            threading.Event().wait()
        return run_scripts(address, args.folder, args.backbone)


def run_scripts(address: str, folder: Path, backbone: str) -> int:
    """Run all scripts on the served catalogue, printing each command first."""
    started = time.monotonic()
    prepare(folder)
    database, images = ["--db-path", folder / "crawl.db"], ["--images-path", folder / "images"]
    training = [*database, "--min-per-category", 20, "--cache-path", folder / "cache"]
    network = [*images, "--backbone", backbone]
    api = ["--api-url", f"{address}/api/v2", "--allow-private", "--requests-per-minute", 100_000]
    report = folder / "report"

    run("crawl.py", *api, *database, *images, accepted=(script.DONE, script.UNFINISHED))
    run("categorize_words.py", *training)
    run("categorize_images.py", *training, *network)
    run("categorize_both.py", *training, *network)
    run("analyze.py", *database)
    search = [*database, *network, "--cache-path", folder / "cache", "--label-errors", 3]
    run("analyze.py", *search, "--limit", 5)
    run("analyze.py", *database, *images, "--html", report)
    print(f"\nthe report: {(report / 'index.html').resolve()}")
    print(f"the demo took {time.monotonic() - started:.0f} s; its files are in {folder}/")
    return script.DONE


def prepare(folder: Path) -> None:
    """Empty the demo's own folder except for the cache. Raises an error for a folder of others."""
    marker = folder / "made-by-the-demo"
    if not marker.exists() and any((folder / name).exists() for name in ("crawl.db", "images")):
        raise ProductClassifierError(
            f"{folder} holds a crawl.db or images that the demo did not make; pass another --folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()
    (folder / "crawl.db").unlink(missing_ok=True)
    shutil.rmtree(folder / "images", ignore_errors=True)


def run(name: str, *options: object, accepted: Sequence[int] = (script.DONE,)) -> int:
    """Print a command and run it; returns its exit code. Raises an error if not accepted."""
    words = [name, *map(str, options)]
    print(f"\n$ python {shlex.join(words)}", flush=True)
    command = [sys.executable, str(ROOT / name), *words[1:]]
    code = subprocess.run(command, env={**os.environ, "SHOPSTYLE_API_KEY": KEY}).returncode
    if code not in accepted:
        raise ProductClassifierError(f"{name} ended with code {code}; see above")
    return code


def arguments() -> argparse.Namespace:
    """Return the parsed command line."""
    parser = common.new_parser(__doc__, EXAMPLES)
    parser.prog = "python -m demo"
    parser.add_argument(
        "--backbone",
        default="mini",
        help="network for pictures, as for categorize_images.py (mini)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("demo_out"),
        help="folder of the demo's files (demo_out)",
    )
    parser.add_argument(
        "--products", type=common.positive, default=1500, metavar="N", help="their number (1500)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the catalogue (0)")
    parser.add_argument("--serve", action="store_true", help="only serve, until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="port to serve on (any free one)")
    return parser.parse_args()


if __name__ == "__main__":
    script.run(main)
