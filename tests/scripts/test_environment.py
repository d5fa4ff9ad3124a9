"""Errors for limits of the shell and unusual environments name the cause and the remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.scripts.conftest import ENVIRONMENT, crawl_options, rows, run
from tests.scripts.test_streams import shell, usual

pytestmark = pytest.mark.slow
CSV = "id,name,category_path\n" + "".join(
    f"x{k},{('boot denim', 'leather belt')[k % 2]} {k},Women/{('Boots', 'Belts')[k % 2]}\n"
    for k in range(60)
)
WITHOUT_RIGHTS = "setpriv --bounding-set=-all --inh-caps=-all"  # or root could write everywhere


def limited(
    folder: Path, limits: str, script: str, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a script after commands of bash, such as ulimit."""
    words = " ".join(f"'{option}'" for option in options)
    return subprocess.run(
        ["bash", "-c", f"{limits} {sys.executable} {ROOT / script}.py {words}"],
        cwd=folder,
        env=ENVIRONMENT | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def the_line(ended: subprocess.CompletedProcess[str], script: str, code: int = 1) -> str:
    """Return the last line on stderr without the name of the script; there is no traceback."""
    assert ended.returncode == code, ended.stderr
    for word in ("Traceback", "Exception ignored", '  File "'):
        assert word not in ended.stderr
    name, _, line = ended.stderr.splitlines()[-1].partition(".py: ")
    assert name == script
    return line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    (folder / "products.csv").write_text(CSV)
    run(folder, "crawl", "--from", "products.csv")
    return folder


def test_a_low_limit_of_open_files_is_an_error_before_pictures_are_fetched(
    address: str, tmp_path: Path
) -> None:
    options = [*crawl_options(address), "--max-per-category", "2"]
    key = {"SHOPSTYLE_API_KEY": "demo-key"}
    line = the_line(limited(tmp_path, "ulimit -n 32;", "crawl", *options, **key), "crawl")
    assert line.startswith("fetching 16 pictures at once opens up to 32 files, and the limit (ulim")
    assert "raise it, or pass --connections " in line
    assert rows(tmp_path, "select count(*) from image") == [(0,)]
    fewer = ["--connections", line.rpartition(" ")[2]]
    ended = limited(tmp_path, "ulimit -n 32;", "crawl", *options, *fewer, **key)
    assert ended.returncode in (0, 3)
    reasons = {str(reason) for (reason,) in rows(tmp_path, "select distinct error from image")}
    assert not any("connection" in reason or "open files" in reason for reason in reasons)


@pytest.mark.parametrize("kilobytes", [8, 30, 100])
def test_a_limit_of_file_size_is_named_and_not_taken_for_a_failing_disk(
    tmp_path: Path, kilobytes: int
) -> None:
    (tmp_path / "products.csv").write_text(CSV)
    ended = limited(tmp_path, f"ulimit -f {kilobytes};", "crawl", "--from", "products.csv")
    assert the_line(ended, "crawl") == (
        f"crawl.db cannot be read or written: File too large (ulimit -f: {kilobytes}); raise the "
        "limit, or choose another place"
    )
    run(tmp_path, "crawl", "--from", "products.csv")


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [150, 250, 600, 900])
def test_too_little_memory_is_an_error_wherever_it_occurs(folder: Path, megabytes: int) -> None:
    """Without the check, SciPy would wait forever for its threads, and TensorFlow would fail."""
    limits, script = f"ulimit -v {megabytes * 1024};", "categorize_words"
    line = the_line(limited(folder, limits, script, "--min-per-category", "3"), script)
    assert line.startswith(
        ("out of memory (ulimit -v); close other", f"only {megabytes * 1024:,} kB of memory are al")
    )


@pytest.mark.slow
def test_too_few_open_files_while_libraries_load_are_an_error(folder: Path) -> None:
    ended = limited(folder, "ulimit -n 5;", "categorize_words", "--min-per-category", "3")
    line = the_line(ended, "categorize_words")
    assert line == "too many open files (ulimit -n); raise the limit"


@pytest.mark.parametrize(
    ("script", "options", "line"),
    [
        ("crawl", "--from products.csv", "the current folder is gone; change into another"),
        ("crawl", "", "there is no API key; set SHOPSTYLE_API_KEY or pass --api-key-file"),
        ("analyze", "", "there is no crawl.db; run crawl.py first, or pass --db-path"),
        ("categorize_words", "", "there is no crawl.db; run crawl.py first, or pass --db-path"),
    ],
)
def test_a_deleted_current_folder_is_an_error(
    tmp_path: Path, script: str, options: str, line: str
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    ended = limited(gone, f"rmdir {gone};", script, *options.split())
    assert the_line(ended, script) == line


@pytest.mark.parametrize(
    ("script", "options", "line"),
    [
        ("crawl", "--from products.csv", "crawl.db.lock cannot be written: Permission denied"),
        (
            "crawl",
            "--export out.csv",
            "out.csv cannot be written: Permission denied; check its permissions, or pass another "
            "name as --export",
        ),
        (
            "analyze",
            "--catalogue --output out.html",
            "out.html cannot be written: Permission denied; check its permissions",
        ),
        (
            "categorize_words",
            "--save model",
            "model cannot be made: Permission denied; check its permissions",
        ),
        (
            "categorize_words",
            "--save .",
            ". cannot be written: Permission denied; check its permissions",
        ),
        (
            "categorize_words",
            "--min-per-category 3",
            "crawl.db cannot be written; check its permissions",
        ),
    ],
)
def test_an_unwritable_folder_is_an_error(
    folder: Path, tmp_path: Path, script: str, options: str, line: str
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    for name in ("crawl.db", "products.csv"):
        (closed / name).write_bytes((folder / name).read_bytes())
    closed.chmod(0o555)
    ended = limited(closed, WITHOUT_RIGHTS, script, *options.split())
    assert the_line(ended, script) == line
    assert limited(closed, WITHOUT_RIGHTS, "analyze", "--crawl").returncode == 0


@pytest.mark.parametrize(
    "environment",
    [
        {"COLUMNS": "0"},
        {"COLUMNS": "-1"},
        {"COLUMNS": "1"},
        {"COLUMNS": "9" * 30},
        {"TERM": "\x1b[2J"},
        {"LANG": "xx_YY.zz", "LC_ALL": "xx"},
        {"TZ": "../../odd"},
        {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
        {"PYTHONWARNINGS": "error"},
        {"PYTHONDEVMODE": "1"},
        {"PYTHONOPTIMIZE": "2"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("script", "options"), [("crawl", "--help"), ("analyze", "--catalogue"), ("crawl", "--dry-run")]
)
def test_unusual_environments_change_no_result(
    folder: Path, script: str, options: str, environment: dict[str, str]
) -> None:
    ended = shell(folder, script, options, **environment)
    assert ended.returncode == 0
    if options != "--help":  # help is as wide as the terminal
        assert ended.stdout == usual(folder, script, options).stdout
    assert "Traceback" not in ended.stderr
    assert "Warning" not in ended.stderr


def test_an_unset_or_unreadable_home_is_not_an_error(folder: Path, tmp_path: Path) -> None:
    closed = tmp_path / "home"
    closed.mkdir(0o000)
    for limits in ("env -u HOME", f"{WITHOUT_RIGHTS} env HOME={closed} TMPDIR={closed}"):
        ended = limited(folder, limits, "analyze", "--catalogue")
        assert ended.returncode == 0
        assert {line.partition(":")[0] for line in ended.stderr.splitlines()} <= {
            *("products", "words", "languages")
        }


def test_modules_in_the_current_folder_are_not_run(folder: Path, tmp_path: Path) -> None:
    for name in ("numpy", "csv", "json", "tqdm", "sqlite3", "product_classifier", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w')\n")
    database = ["--db-path", str(folder / "crawl.db")]
    run(tmp_path, "analyze", "--catalogue", *database, fresh=True)
    run(tmp_path, "crawl", "--from", str(folder / "products.csv"), fresh=True)
    assert not (tmp_path / "was-run").exists()


def test_a_missing_library_is_named(tmp_path: Path) -> None:
    (tmp_path / "hide.py").write_text(
        "import sys, runpy\n"
        "sys.modules['numpy'] = None\n"
        f"sys.argv[0] = '{ROOT}/categorize_words.py'\n"
        f"sys.path.insert(0, '{ROOT}')\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    ended = subprocess.run(
        [sys.executable, "hide.py"], cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT
    )
    line = the_line(ended, "categorize_words")
    assert line == "numpy is not installed; pip install -r requirements.txt"


@pytest.mark.parametrize("limits", ["ulimit -v 400000;"])
def test_too_little_memory_for_the_network_of_filters_is_an_error(
    folder: Path, limits: str
) -> None:
    """Without the check, NumPy and SciPy would wait forever for their threads."""
    for option in ("--filter-images=graph.pb", "--filter-images graph.pb"):
        line = the_line(limited(folder, limits, "crawl", *option.split()), "crawl")
        assert line.startswith("only 400,000 kB of memory are allowed (ulimit -v), and its librar")


def test_too_little_memory_for_tensorflow_is_an_error(categorized: Path, tmp_path: Path) -> None:
    """Without the check, TensorFlow would wait forever for threads that it cannot start."""
    (tmp_path / "crawl.db").write_bytes((categorized / "crawl.db").read_bytes())
    options = ("--min-per-category", "3")
    line = the_line(
        limited(tmp_path, "ulimit -v 2000000;", "categorize_words", *options), "categorize_words"
    )
    assert line.startswith("only 2,000,000 kB of memory are allowed (ulimit -v), but TensorFlow")


def test_an_unwritable_database_is_an_error_before_any_training(
    categorized: Path, tmp_path: Path
) -> None:
    (tmp_path / "crawl.db").write_bytes((categorized / "crawl.db").read_bytes())
    (tmp_path / "crawl.db").chmod(0o444)
    for script, options in (
        ("categorize_words", "--min-per-category 3"),
        ("categorize_images", "--min-per-category 3 --backbone mini"),
        ("categorize_both", "--min-per-category 3 --backbone mini"),
        ("analyze", "--label-errors 1"),
    ):
        ended = limited(tmp_path, WITHOUT_RIGHTS, script, *options.split())
        assert the_line(ended, script) == "crawl.db cannot be written; check its permissions"
        assert len(ended.stderr.splitlines()) == 1  # nothing was computed
    assert not (tmp_path / "cache").exists()
    assert limited(tmp_path, WITHOUT_RIGHTS, "analyze").returncode == 0


def test_the_error_for_an_export_names_the_limit_of_file_size(folder: Path) -> None:
    ended = limited(folder, "ulimit -f 1;", "crawl", "--export", "out.csv")
    assert the_line(ended, "crawl").startswith(
        "out.csv cannot be written: File too large (ulimit -f: 1); raise the limit"
    )


def test_the_error_for_threads_names_the_limit_of_memory_or_of_threads() -> None:
    code = "import sys\nfrom product_classifier.terminal import failures\n"
    code += 'print(failures.explained(RuntimeError("can\'t start new thread")))'
    for limits, flag in (("ulimit -v 1000000 -u 90000;", "-v"), ("ulimit -u 90000;", "-u")):
        output = subprocess.run(
            ["bash", "-c", f'{limits} exec {sys.executable} -c "$CODE"'],
            cwd=ROOT,
            env=ENVIRONMENT | {"CODE": code},
            capture_output=True,
            text=True,
        )
        assert output.stdout.startswith(f"no thread can be started (ulimit {flag}); close other")
