"""The rooms and their doors, read from the code's imports."""

from __future__ import annotations

import ast
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = "product_classifier"
SHARED_BY_ALL = {
    "console",
    "records",
    "predictions",
    "errors",
    "limits",
    "pictures",
    "printable",
    "regular",
    "selection",
    "system_errors",
    "",
}  # "": the package's version
MAY_IMPORT = {  # room → rooms before it in the flow of the data
    "sources": {"sources/files", "sources/web"},
    "sources/files": set(),
    "sources/web": set(),
    "store": set(),
    "backbones": {"store"},
    "features": {"backbones", "store"},
    "models": {"features", "backbones", "store", "evaluate"},  # a training fits its scores
    "retraining": {"models", "features", "backbones", "store"},
    "evaluate": set(),
    "report": {"evaluate"},
    "recipes": {
        *("sources", "sources/files", "sources/web"),
        *("store", "features", "backbones", "models", "retraining", "evaluate", "report"),
    },
    "terminal": {"store"},  # files that are there whole or not at all
    "options": {
        *("sources", "sources/files", "sources/web"),
        *("features", "backbones", "models", "retraining", "evaluate", "report", "terminal"),
    },
    **{name: set() for name in SHARED_BY_ALL},
}
ONLY_IN = {  # library → the rooms that may use it
    "sqlite3": {"store", "recipes", "crawl.py", "analyze.py"},
    "urllib3": {"sources/web"},
    "lxml": {"sources/files"},
    "bson": {"sources/files"},
    "pyarrow": {"sources/files", "store"},
    "certifi": {"sources/web"},
    "requests": {"sources/web"},
    "http": {"sources/web"},
    "tensorflow": {"backbones", "models", "retraining"},
    "tensorflow_hub": {"backbones"},
    "keras": {"backbones", "models", "retraining"},
    "h5py": {"backbones"},
    "onnx": {"backbones"},
    "onnxruntime": {"backbones"},
    "sklearn": {"features", "models"},
    "snowballstemmer": {"features"},
    "stop_words": {"features"},
    "py3langid": {"features"},
    "jinja2": {"report"},
    "tqdm": {"terminal"},
    "argparse": {"options", "crawl.py", "analyze.py", "retrain.py"},
    "csv": {"sources/files", "options", "recipes", "store"},
    "random": {"sources/files", "sources/web"},
}
SCRIPTS = sorted(path.name for path in ROOT.glob("*.py"))
MODULES = sorted((ROOT / PACKAGE).rglob("*.py"))
DEMO = sorted((ROOT / "demo").rglob("*.py"))


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree, parsed once."""
    return ast.parse(path.read_text())


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each imported module and whether it is imported at the top of the file."""
    tree = parsed(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in tree.body) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            names = [str(node.module)]
            if node.module in (PACKAGE, f"{PACKAGE}.store"):  # may name modules
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from ((name, node in tree.body) for name in names)


def room(module: str) -> str:
    """Return the room of a module: its folder below the package, or its own name at the root."""
    path = ROOT / module.replace(".", "/")
    parents = module.split(".")[1:] if path.is_dir() else module.split(".")[1:-1]
    name = "/".join(parents) or module.split(".")[-1]
    return "" if name.startswith("__") or name == PACKAGE else name


def place(path: Path) -> str:
    """Name the room or script that a file belongs to."""
    relative = path.relative_to(ROOT)
    if len(relative.parts) == 1:
        return relative.name
    return room(".".join(relative.with_suffix("").parts))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_data_goes_one_way(path: Path) -> None:
    here = place(path)
    allowed = MAY_IMPORT[here] | SHARED_BY_ALL | {here}
    used = {room(module) for module, _ in imports(path) if module.split(".")[0] == PACKAGE}
    assert used <= allowed


@pytest.mark.parametrize("path", [ROOT / script for script in SCRIPTS], ids=name)
def test_no_script_imports_another(path: Path) -> None:
    stems = {Path(script).stem for script in SCRIPTS}
    assert not stems & {module for module, _ in imports(path)}


@pytest.mark.parametrize("path", [*MODULES, *(ROOT / script for script in SCRIPTS)], ids=name)
def test_each_library_has_its_room(path: Path) -> None:
    for module, _ in imports(path):
        library = module.split(".")[0]
        assert place(path) in ONLY_IN.get(library, {place(path)}), library


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_slow_libraries_are_imported_where_they_are_used(path: Path) -> None:
    slow = {"tensorflow", "tensorflow_hub", "keras", "h5py", "sklearn", "onnx", "onnxruntime"}
    assert not slow & {module.split(".")[0] for module, at_top in imports(path) if at_top}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_scripts_speak_and_exit(path: Path) -> None:
    if place(path) == "terminal":
        return
    tree = parsed(path)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    attributes = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    assert not (names | attributes) & {"print", "exit"}


@pytest.mark.parametrize("path", [*MODULES, *(ROOT / script for script in SCRIPTS)], ids=name)
def test_all_that_is_written_goes_through_one_door(path: Path) -> None:
    """Text that is written another way may hold escape sequences from a name or a server."""
    if path.name == "streams.py":
        return
    tree = parsed(path)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & {"print", "input"}
    streams = {"stdout", "stderr", "__stdout__", "__stderr__"}
    used = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in streams
    ]
    assert not [name for name in used if name.startswith("sys.") and not allowed_stream(path)]
    modules = {module.split(".")[0] for module, _ in imports(path)}
    assert "logging" not in modules or path.name == "plots.py"  # which makes a library quiet


def allowed_stream(path: Path) -> bool:
    return path.name == "runtime.py"  # it flushes stderr before it holds back what C++ writes


UNSAFE = {  # what runs what it reads, or allocates what that declares
    *("np.load", "np.fromfile", "np.loadtxt", "np.genfromtxt", "numpy.load", "yaml.load"),
    *("sparse.load_npz", "scipy.sparse.load_npz", "pd.read_pickle", "torch.load"),
}
UNPICKLING = {"pickle", "marshal", "shelve", "joblib", "dill", "cloudpickle", "yaml", "torch"}


@pytest.mark.parametrize("path", [*MODULES, *(ROOT / script for script in SCRIPTS)], ids=name)
def test_nothing_that_is_read_is_unpickled_or_run(path: Path) -> None:
    """Arrays are read by store/npz.py, which checks what a file declares; text is not run."""
    tree = parsed(path)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    assert not names & {"eval", "exec", "compile", "__import__"}
    assert not UNSAFE & {ast.unparse(call) for call in calls}
    assert not UNPICKLING & {module.split(".")[0] for module, _ in imports(path)}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_sql_is_written_in_the_store_only(path: Path) -> None:
    if place(path) == "store":
        return
    strings = [
        node.value
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    starts = ("select ", "insert ", "update ", "delete ", "pragma ", "create table")
    assert [text for text in strings if text.strip().lower().startswith(starts)] == []


@pytest.mark.parametrize("path", DEMO, ids=name)
def test_the_demo_knows_the_scripts_alone(path: Path) -> None:
    """It runs them as a user does; nothing in the package imports it."""
    ours = {module for module, _ in imports(path) if module.split(".")[0] == PACKAGE}
    assert {room(module) for module in ours} <= {"terminal", "options", "errors"}


@pytest.mark.parametrize(
    "path", [*MODULES, *DEMO, *(ROOT / script for script in SCRIPTS)], ids=name
)
def test_files_say_why_they_exist_and_stay_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(parsed(path)) or path.name == "__init__.py"
    assert len(text.splitlines()) <= 350


def test_the_evaluation_reads_and_writes_nothing() -> None:
    for path in (ROOT / PACKAGE / "evaluate").glob("*.py"):
        used = {module.split(".")[0] for module, _ in imports(path)}
        known = {"__future__", "dataclasses", "typing", "numpy", "scipy", PACKAGE}
        assert used - known <= {"collections", "decimal", "math", "operator", "re"}


def test_all_of_it_is_python_that_this_version_knows() -> None:
    assert (3, 11) <= sys.version_info < (3, 14)
