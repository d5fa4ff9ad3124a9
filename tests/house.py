"""Figures of the structure of the code; python -m tests.house prints them.

tests/test_house.py fails if a figure exceeds its limit.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

ACTS = {"found", "told", "kept", "asked", "given"}  # names of acts: a variable names a thing
RIDDLES = {"Tell", "Say", "What", "How", "Which", "Where", "Who", "Whether", "That", "When", "Why"}
VERB_LIST = """
Add Answer Append Begin Blend Cache Certify Check Choose Clean Compare Copy Count Crawl Create
Cross-fit Define Delete Detect Discard Distil Do Draw Empty Enter Estimate Evaluate Fetch Fill Fit
Flush Forget Generate Handle Hold Ignore Import Insert Judge Keep Lay Leave List Load Make Map Mark
Measure Move Name Note Open Order Parse Predict Print Put Raise Read Remove Replace Report Reset
Resize Retrain Return Round Run Save Score Search Send Serve Set Show Simulate Split Start Store
Summarise Take Test Train Update Use Wait Write Yield
"""
VERBS = frozenset(VERB_LIST.split())  # that the docstring of a function may begin with
SHORT, LONGEST_SCRIPT = 60, 120  # lines
LISTED = 40  # places behind a figure
PACKAGE = sorted((ROOT / "product_classifier").rglob("*.py"))
SCRIPTS = sorted(ROOT.glob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
CODE = [*PACKAGE, *SCRIPTS]
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def names_in_several_rooms() -> list[str]:
    """Return the file names that occur in more than one room of the package."""
    counts = Counter(path.name for path in PACKAGE if path.name != "__init__.py")
    return sorted(name for name, count in counts.items() if count > 1)


def short_files() -> list[str]:
    """Return the files of the package of at most SHORT lines; except those that mark a room."""
    return [
        str(path.relative_to(ROOT))
        for path in PACKAGE
        if path.name != "__init__.py" and len(path.read_text().splitlines()) <= SHORT
    ]


def long_scripts() -> list[str]:
    """Return the scripts of more than LONGEST_SCRIPT lines."""
    lines = {path.name: len(path.read_text().splitlines()) for path in SCRIPTS}
    return [f"{name}: {count}" for name, count in lines.items() if count > LONGEST_SCRIPT]


def docstrings(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """Yield each definition of a file that has a docstring, with the docstring."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Module | ast.ClassDef | FUNCTIONS):
            text = ast.get_docstring(node)
            if text:
                yield node, text


def riddles() -> list[str]:
    """Return the docstrings that begin with a question word or a word such as Tell."""
    return [
        f"{path.relative_to(ROOT)}: {text.splitlines()[0]}"
        for path in [*CODE, *BENCHMARKS, *sorted((ROOT / "demo").rglob("*.py"))]
        for _, text in docstrings(path)
        if text.split()[0].rstrip(",:.") in RIDDLES
    ]


def not_verbs() -> list[str]:
    """Return the docstrings of functions, except properties, that begin with no verb of VERBS."""
    return [
        f"{path.relative_to(ROOT)}: {text.splitlines()[0]}"
        for path in CODE
        for node, text in docstrings(path)
        if isinstance(node, FUNCTIONS)
        and not any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
        and text.split()[0].rstrip(",:.") not in VERBS
    ]


def acts_as_names() -> list[str]:
    """Return the places that bind a variable or parameter to the name of an act."""
    places = []
    for path in CODE:
        for node in ast.walk(tree_of(path)):
            name = node.id if isinstance(node, ast.Name) else getattr(node, "arg", None)
            binds = isinstance(node, ast.arg) or (
                isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
            if binds and name in ACTS:
                places.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")  # type: ignore[attr-defined]
    return places


def long_calls() -> list[str]:
    """Return the calls with six or more positional arguments, or with more than one splat."""
    places = []
    for path in [*CODE, *BENCHMARKS]:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            splats = sum(isinstance(argument, ast.Starred) for argument in node.args)
            of_literal = any(
                isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Tuple)
                for argument in node.args
            )
            if len(node.args) - splats >= 6 or (of_literal and path in CODE):
                places.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return places


def callbacks() -> list[str]:
    """Return the parameters that are functions to report progress or messages to."""
    words = {"say", "tell", "track", "advance", "observe", "notes", "warn"}
    return [
        f"{path.relative_to(ROOT)}:{node.lineno} {argument.arg}"
        for path in PACKAGE
        if path.parent.name != "terminal" and path.name != "console.py"
        for node in ast.walk(tree_of(path))
        if isinstance(node, FUNCTIONS)
        for argument in [*node.args.args, *node.args.kwonlyargs]
        if argument.arg in words or argument.arg == "on_skipped"
    ]


class Figure(NamedTuple):
    """A figure of the structure: the places that it counts, and their largest allowed number."""

    name: str
    places: Callable[[], list[str]]
    most: int


FIGURES = (
    Figure("files in the package", lambda: [str(path) for path in PACKAGE], 180),
    Figure("file names that occur in several rooms", names_in_several_rooms, 9),
    Figure(f"files of {SHORT} lines or fewer", short_files, 20),
    Figure("docstrings that begin with Tell, Say, What, How …", riddles, 0),
    Figure("docstrings of functions that do not begin with a verb of the list", not_verbs, 0),
    Figure("bindings named found, told, kept, asked, given", acts_as_names, 20),
    Figure("calls with six or more positional arguments, or a splat of a literal", long_calls, 5),
    Figure("callbacks for messages and progress", callbacks, 10),
    Figure(f"scripts of more than {LONGEST_SCRIPT} lines", long_scripts, 0),
)


def main() -> None:
    """Print each figure, and the places behind those that are small."""
    for figure in FIGURES:
        places = figure.places()
        print(f"{len(places):5} {figure.name} (at most {figure.most})")
        for place in places if len(places) <= LISTED else ():
            print(f"        {place}")


if __name__ == "__main__":
    main()
