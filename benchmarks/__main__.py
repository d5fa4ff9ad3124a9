"""A command that prints each figure beside its peer's; names choose some of the benchmarks."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
from pathlib import Path

from benchmarks.common import HEADER, ROOT

NAMES = (
    *("catalogues", "folds", "embedding", "mini", "scale", "analysis", "crawling", "fetching"),
    *("imports", "certificates", "labels", "pages", "models", "novelty", "heads", "pooling"),
    *("fine_tuning", "catalogue_page", "zoomed", "help"),
)
UNSHARED = {  # benchmarks that need no real data
    *("analysis", "imports", "crawling", "fetching", "certificates", "pages", "heads"),
    *("catalogue_page", "help"),
}


def main() -> None:
    """Run the chosen benchmarks in this process, and print each row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    args = parser.parse_args()
    if unknown := set(args.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    if set(args.names or NAMES) - UNSHARED and not args.shared.is_dir():
        parser.error(f"the real catalogues and weights are not in {args.shared}; pass --shared")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(HEADER)
    for name in args.names or NAMES:
        for row in importlib.import_module(f"benchmarks.{name}").run(args.shared):
            print(row, flush=True)


if __name__ == "__main__":
    main()
