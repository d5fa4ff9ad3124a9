"""The whole job on the demo catalogue: serve, crawl, categorize three ways, report.

`python -m demo` does it all; with --serve it only serves, for trying by hand.
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
    """Serve the demo catalogue, and unless told otherwise, do the whole job on it."""
    args = arguments()
    catalogue = make_catalogue(args.seed, args.products)
    with serve(catalogue, args.port) as address:
        if args.serve:
            print(f"{address}/api/v2 speaks the ShopStyle API; its key is {KEY}", flush=True)
            threading.Event().wait()
        return do_the_job(address, args.folder, args.backbone)


def do_the_job(address: str, folder: Path, backbone: str) -> int:
    """Run the scripts as a person would, each command shown before it runs."""
    started = time.monotonic()
    prepare(folder)
    database, images = ["--db-path", folder / "crawl.db"], ["--images-path", folder / "images"]
    chosen = [*database, "--min-per-category", 20, "--cache-path", folder / "cache"]
    network = [*images, "--backbone", backbone]
    api = ["--api-url", f"{address}/api/v2", "--allow-private", "--requests-per-minute", 100_000]
    report = folder / "report"

    run("crawl.py", *api, *database, *images, accepted=(script.DONE, script.UNFINISHED))
    run("categorize_words.py", *chosen)
    run("categorize_images.py", *chosen, *network)
    run("categorize_both.py", *chosen, *network)
    run("analyze.py", *database)
    searched = [*database, *images, "--cache-path", folder / "cache", "--label-errors", 3]
    run("analyze.py", *searched, "--limit", 5)
    run("analyze.py", *database, *images, "--html", report)
    print(f"\nall of it, to look at: {(report / 'index.html').resolve()}")
    print(f"the whole job took {time.monotonic() - started:.0f} s; its files are in {folder}/")
    return script.DONE


def prepare(folder: Path) -> None:
    """Begin anew, in a folder of the demo's own; only the cache stays."""
    mark = folder / "made-by-the-demo"
    if not mark.exists() and any((folder / name).exists() for name in ("crawl.db", "images")):
        raise ProductClassifierError(
            f"{folder} holds a crawl.db or images that the demo did not make; pass another --folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
    (folder / "crawl.db").unlink(missing_ok=True)
    shutil.rmtree(folder / "images", ignore_errors=True)


def run(name: str, *options: object, accepted: Sequence[int] = (script.DONE,)) -> int:
    """Show and run a script; returns its exit code. Raises an error for one not accepted."""
    words = [name, *map(str, options)]
    print(f"\n$ python {shlex.join(words)}", flush=True)
    command = [sys.executable, str(ROOT / name), *words[1:]]
    code = subprocess.run(command, env={**os.environ, "SHOPSTYLE_API_KEY": KEY}).returncode
    if code not in accepted:
        raise ProductClassifierError(f"{name} ended with code {code}; see above")
    return code


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = common.new_parser(__doc__, EXAMPLES)
    parser.prog = "python -m demo"
    parser.add_argument("--backbone", default="mini", help="as for categorize_images.py (mini)")
    parser.add_argument(
        "--folder", type=Path, default=Path("demo_out"), help="where its files go (demo_out)"
    )
    parser.add_argument(
        "--products", type=common.positive, default=1500, metavar="N", help="(1500)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the catalogue (0)")
    parser.add_argument("--serve", action="store_true", help="only serve, until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="to serve on (any free one)")
    return parser.parse_args()


if __name__ == "__main__":
    script.run(main)
