"""Every command of README and docs/ runs, in the order of its page, on a small demo catalogue.

The commands run in this process, so that libraries are loaded once, and each page in its own copy
of the same crawled and categorized catalogue. Options are added where a page is written for larger
catalogues or other servers: the last value of an option counts.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import shlex
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.catalogue.products import make_catalogue
from demo.server import KEY, serve
from product_classifier.models import fitting
from tests.backbones.test_backbone import save_network
from tests.conftest import ROOT, jpeg
from tests.docs.markdown import blocks, commands

pytestmark = pytest.mark.slow

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CATALOGUE = make_catalogue(products=250)
SMALL = ["--min-per-category", "3"]
NETWORK = ["--backbone", "mini"]
ADDED = {  # beside what depends on the command, see run_script
    "categorize_words": SMALL,
    "categorize_images": SMALL,
    "categorize_both": SMALL,
    "retrain": ["--how_many_training_steps", "20", "--epochs", "1"],
}
SCRIPTS = ("crawl", "analyze", *ADDED)
FINISHED = (0, 3)  # 3: some pictures of the demo are broken on purpose
NEW = "id,name\n1,Leather Ankle Boot\n2,Silk Dress\n"


@pytest.fixture(scope="module", autouse=True)
def short_trainings() -> Iterator[None]:
    """Let networks learn for a moment only: that a command runs does not depend on its figures."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fitting, "FEWEST_STEPS", 10)
        monkeypatch.setattr(fitting, "MAX_ROUNDS", 2)
        monkeypatch.setattr(fitting, "ROUNDS_WITHOUT_TUNING", 2)
        yield


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(CATALOGUE) as address:
        yield f"{address}/api/v2"


@pytest.fixture(scope="module")
def trained(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crawled catalogue with an experiment of each categorizer, and the files that pages name."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setenv("SHOPSTYLE_API_KEY", KEY)
        for script in ("crawl", "categorize_images", "categorize_both", "categorize_words"):
            run(f"python {script}.py", address, monkeypatch)
    shutil.copytree(folder / "images", folder / "pictures")
    save_network(folder / "path" / "to" / "saved_model", [None, 6, 6, 3])
    for name in ("flower_photos/daisy", "flower_photos/rose", "examples/zoomed", "examples/normal"):
        (folder / name).mkdir(parents=True)
        for shade in range(55, 255, 5):
            red, blue = (shade, 0) if name.endswith("e") else (0, shade)
            (folder / name / f"{shade}.jpg").write_bytes(jpeg(f"rgb({red},0,{blue})"))
    (folder / "a.jpg").write_bytes(jpeg())
    (folder / "new.csv").write_text(NEW)
    write_tables(folder)
    return folder


def write_tables(folder: Path) -> None:
    """Write the catalogue as products.csv, and with other columns as feed.tsv.gz."""
    db = sqlite3.connect(folder / "crawl.db")
    rows = db.execute(
        "select product.id, product.name, category.path, image.file from product "
        "join category on category.id = category_id left join image on address = image "
        "order by product.id"
    ).fetchall()
    db.close()
    lines = [",".join(f'"{cell or ""}"' for cell in row) for row in rows]
    (folder / "products.csv").write_text("\n".join(["id,name,category_path,image", *lines]))
    lines = ["sku\ttitle\tdepartment\tclass"]
    lines += [f"x{row[0]}\t{row[1]}\tshop\t{row[2].rpartition('/')[2]}" for row in rows[:20]]
    with gzip.open(folder / "feed.tsv.gz", "wt") as file:
        file.write("\n".join(lines))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_run(
    page: Path, trained: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runnable = [block for block in blocks(page) if block.info in ("sh", "sql", "python")]
    if runnable:
        shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for block in runnable:
        if block.info == "sh":
            for command in commands(block):
                run(command, address, monkeypatch)
        elif block.info == "sql":
            query(tmp_path / "crawl.db", block.text)
        else:
            exec(block.text, {})


def run(command: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run one command of a page, and fail where it does."""
    command, _, output = command.partition(" > ")
    words = shlex.split(command, comments=True)
    if words[0] == "SHOPSTYLE_API_KEY=...":
        monkeypatch.setenv("SHOPSTYLE_API_KEY", KEY)
        words = words[1:]
    if words[0] == "sqlite3":
        query(Path(words[2]), words[3])
    elif words[0] == "python":
        written = run_script(words[1].removesuffix(".py"), words[2:], address, monkeypatch)
        if output:
            Path(output.strip()).write_text(written)
    else:
        assert words[0] == "make", command  # what it does is tested by all the other tests


def run_script(
    script: str, options: list[str], address: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Run the main function of a script, and return what it wrote to stdout."""
    assert script in SCRIPTS, script
    trains = "--saved" not in options
    added = ADDED.get(script, []) if trains else []
    if script == "crawl" and not {"--filter-images", "--export", "--dry-run"} & set(options):
        added = ["--allow-private"]
        if "--from" not in options:
            added += ["--api-url", address, "--requests-per-minute", "100000"]
    pictured = script in ("categorize_images", "categorize_both", "retrain") and trains
    if pictured and "--backbone" not in options:
        added = [*added, *NETWORK]
    monkeypatch.setattr("sys.argv", [f"{script}.py", *options, *added])
    monkeypatch.setenv("TFHUB_CACHE_DIR", "hub")  # which retrain.py would set for good
    out, err = io.StringIO(), io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        warnings.simplefilter("ignore")
        code = importlib.import_module(script).main()
    assert code in FINISHED, f"{script}.py {shlex.join(options)}: {err.getvalue()}"
    return out.getvalue()


def query(database: Path, text: str) -> None:
    """Run SQL on a database that is there."""
    db = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    for statement in text.split(";"):
        db.execute(statement).fetchall()
    db.close()
