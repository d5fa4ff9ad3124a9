"""The scripts as a person runs them: real processes, a real server, real files."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from product_classifier.demo.catalogue import make_catalogue
from product_classifier.demo.server import KEY, serve
from product_classifier.features.student import MINI_FILE, read_student
from tests.conftest import ROOT, jpeg, sha256
from tests.features.test_backbone import save_network

CATALOGUE = make_catalogue(products=200)
BROKEN = sum(product.image_fault is not None for product in CATALOGUE.products)
SCRIPTS = [
    "crawl",
    "categorize_words",
    "categorize_images",
    "categorize_both",
    "analyze",
    "retrain",
]
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def run(
    folder: Path, script: str, *options: object, code: int | None = 0, key: str | None = KEY
) -> subprocess.CompletedProcess[str]:
    """Run a script in a folder and insist on its exit code; None: done, some pictures failed."""
    result = subprocess.run(
        [sys.executable, ROOT / f"{script}.py", *map(str, options)],
        cwd=folder,
        env=ENVIRONMENT | ({"SHOPSTYLE_API_KEY": key} if key else {}),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode in ((0, 3) if code is None else (code,)), result.stderr
    assert "Traceback" not in result.stderr
    return result


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "crawl.db")
    found = connection.execute(query).fetchall()
    connection.close()
    return found


PREDICTIONS = """select product_id, category_id, score from predicted_category
  where experiment_id = {} order by 1"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(CATALOGUE) as address:
        yield f"{address}/api/v2"


def copy_database(source: Path, target: Path) -> None:
    """Copy what was crawled, without the experiments of other tests."""
    (target / "crawl.db").write_bytes((source / "crawl.db").read_bytes())
    connection = sqlite3.connect(target / "crawl.db")
    connection.executescript(
        "delete from predicted_category; delete from experiment; delete from sqlite_sequence;"
    )
    connection.close()


def crawl_options(address: str) -> list[str]:
    return ["--api-url", address, "--allow-private", "--requests-per-minute", "100000"]


@pytest.fixture(scope="module")
def crawled(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo catalogue, crawled once for the tests that only read it."""
    folder = tmp_path_factory.mktemp("crawled")
    run(folder, "crawl", *crawl_options(address), code=3)
    return folder


@pytest.fixture(scope="module")
def categorized(crawled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The crawled catalogue with one experiment on its words, number 1."""
    folder = tmp_path_factory.mktemp("categorized")
    copy_database(crawled, folder)
    said = run(folder, "categorize_words", "--min-per-category", 3)
    (folder / "said.txt").write_text(said.stdout)
    return folder


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of three values: the mean colour of a picture."""
    return save_network(tmp_path_factory.mktemp("network"), [None, 6, 6, 3])


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_gives_examples_and_does_not_wait_for_heavy_libraries(
    script: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-X", "importtime", str(ROOT / f"{script}.py"), "--help"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "examples:" in result.stdout
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "argparse" in imported
    assert not imported & {"tensorflow", "keras", "sklearn"}


FACTS = {
    "products": "select id, category_id, name, description from product order by id",
    "categories": "select * from product_category order by 1, 2",
    "tree": "select id, parent, leaf, product_count, path, name from category order by id",
    "images": "select sha256, width, height, error from image order by 1, 4",
    "bookmarks": "select query, next_offset, finished, error from bookmark order by 1",
}


def facts(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    return {name: rows(folder, query) for name, query in FACTS.items()}


def test_a_crawl_brings_the_whole_catalogue(crawled: Path) -> None:
    expected = sorted((str(p.id), p.name, p.description) for p in CATALOGUE.products)
    assert rows(crawled, "select id, name, description from product order by id") == expected
    pairs = sorted((str(p.id), c) for p in CATALOGUE.products for c in p.categories)
    assert facts(crawled)["categories"] == pairs
    errors = rows(crawled, "select error from image where error is not null")
    assert len(errors) == BROKEN
    files = {file.name for file in (crawled / "images").rglob("*") if file.is_file()}
    stored = rows(crawled, "select distinct file from image where file is not null")
    assert files == {Path(str(file)).name for (file,) in stored}


def test_a_second_crawl_fetches_nothing_but_what_failed(crawled: Path, address: str) -> None:
    before = facts(crawled)
    result = run(crawled, "crawl", *crawl_options(address), code=3)
    assert facts(crawled) == before
    assert f"pictures: {BROKEN} in" in result.stderr
    assert f"0 skipped, {BROKEN} failed; run it again to retry what failed" in result.stdout


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_a_crawl_stopped_again_and_again_ends_as_if_it_never_was(
    sign: signal.Signals, crawled: Path, address: str, tmp_path: Path
) -> None:
    script = str(ROOT / "crawl.py")
    command = [sys.executable, script, *crawl_options(address), "--connections", "2"]
    stops = 0
    for delay in (0.5, 0.7, 0.9, 1.1, 1.3):
        environment = ENVIRONMENT | {"SHOPSTYLE_API_KEY": KEY}
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # what a shell runs in the background is deaf to SIGINT, and so are its children
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process:
            try:
                process.wait(delay)
            except subprocess.TimeoutExpired:
                process.send_signal(sign)
                process.wait(60)  # a busy disk holds up what it has begun to write
                # on a busy machine the signal may come before Python is up, or after the last page
                stopped = {-sign, 130} if sign == signal.SIGINT else {-sign}
                assert process.returncode in {*stopped, 3}
                stops += process.returncode in stopped
    assert stops >= 3
    run(tmp_path, "crawl", *crawl_options(address), code=3)
    assert facts(tmp_path)["products"] == facts(crawled)["products"]
    assert facts(tmp_path) == facts(crawled)


def test_a_larger_maximum_goes_on_where_the_smaller_one_ended(
    crawled: Path, address: str, tmp_path: Path
) -> None:
    run(tmp_path, "crawl", *crawl_options(address), "--max-per-category", 3, code=None)
    counts = rows(tmp_path, "select count(*) from product")[0][0]
    assert isinstance(counts, int)
    assert 60 < counts < 100
    run(tmp_path, "crawl", *crawl_options(address), code=3)
    assert facts(tmp_path)["categories"] == facts(crawled)["categories"]


@pytest.mark.parametrize(
    ("options", "key", "message"),
    [
        ([], None, "there is no API key; set SHOPSTYLE_API_KEY or pass --api-key-file"),
        (["--api-key-file", "none.txt"], None, "none.txt cannot be read: No such file"),
        (["--api-key-file", sys.executable], None, "is not plain text; save it as UTF-8"),
        ([], "wrong", "the API rejected the key (401: Invalid partner id: …); set SHOPSTYLE_API"),
        (["--root", "wimmin"], KEY, "error 404: Invalid category id: wimmin"),
        (["--from", "none.csv"], None, "none.csv cannot be read: No such file or directory"),
        (["--db-path", "no/crawl.db"], KEY, "there is no folder no to put crawl.db into"),
    ],
)
def test_a_crawl_that_cannot_be_says_what_to_do(
    address: str, tmp_path: Path, options: list[str], key: str | None, message: str
) -> None:
    result = run(tmp_path, "crawl", *crawl_options(address), *options, code=1, key=key)
    assert result.stderr.startswith("crawl.py: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_private_addresses_are_refused_unless_allowed(address: str, tmp_path: Path) -> None:
    result = run(tmp_path, "crawl", "--api-url", address, code=1)
    assert "127.0.0.1 is in a private network; pass --allow-private" in result.stderr


def test_a_key_may_come_from_a_file(address: str, tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"{KEY}\n")
    options = [*crawl_options(address), "--api-key-file", "key.txt", "--max-per-category", "1"]
    result = run(tmp_path, "crawl", *options, key=None, code=None)
    assert "42 categories" in result.stdout


def test_a_categorizer_says_how_it_did_on_each_part(categorized: Path) -> None:
    said = (categorized / "said.txt").read_text()
    assert said.startswith("experiment 1: Text classification of: all (")
    for part in ("train", "tuning", "test"):
        assert f"  {part}" in said


def test_an_experiment_is_analyzed_as_text_and_json(categorized: Path) -> None:
    [(name,)] = rows(categorized, "select name from experiment")
    assert run(categorized, "analyze").stdout.startswith(f"#1: {name}\n  Accuracy: ")
    [values] = json.loads(run(categorized, "analyze", "--experiment", 1, "--json").stdout)
    tested = rows(categorized, "select count(*) from predicted_category")
    assert tested == [(values["leaf"]["total"],)]


def test_the_page_of_errors_goes_to_stdout_or_a_file(categorized: Path) -> None:
    dump = ["--dump-errors-for-experiment", 1]
    page = run(categorized, "analyze", *dump).stdout
    assert page.startswith("<!doctype html>")
    run(categorized, "analyze", *dump, "--output", "errors.html")
    assert (categorized / "errors.html").read_text() == page
    said = run(categorized, "analyze", *dump, "--output", "none/errors.html", code=1).stderr
    assert said == "analyze.py: none/errors.html cannot be written: No such file or directory\n"


@pytest.mark.slow
def test_all_three_categorizers_are_tested_on_the_same_products_and_repeat_themselves(
    crawled: Path, network: Path, tmp_path: Path
) -> None:
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--images-path", crawled / "images", "--backbone", network]
    for script in ("categorize_images", "categorize_both", "categorize_images", "categorize_both"):
        run(tmp_path, script, *options)
    run(tmp_path, "categorize_words", "--min-per-category", 3)
    tested = "select product_id from predicted_category where experiment_id = {} order by 1"
    found = [rows(tmp_path, tested.format(number)) for number in range(1, 6)]
    assert all(products == found[0] for products in found)
    for first, second in ((1, 3), (2, 4)):
        assert rows(tmp_path, PREDICTIONS.format(first)) == rows(
            tmp_path, PREDICTIONS.format(second)
        )
    [(split,)] = rows(tmp_path, "select distinct split from experiment")
    assert split
    names = [name for (name,) in rows(tmp_path, "select name from experiment order by id")]
    assert [str(name).split(" ")[0] for name in names][:2] == ["Image", "Image+Text"]
    [(weights,)] = rows(
        tmp_path, "select distinct settings ->> 'weights' from experiment where kind <> 'words'"
    )
    assert len(str(weights)) == 64


@pytest.mark.slow
def test_mini_needs_no_download_and_says_nothing_but_progress(
    crawled: Path, tmp_path: Path
) -> None:
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--images-path", crawled / "images", "--backbone", "mini"]
    result = run(tmp_path, "categorize_images", *options)
    allowed = ("bottlenecks: ", "training rounds: ", "left out: ")
    assert [line for line in result.stderr.splitlines() if not line.startswith(allowed)] == []
    settings = "select settings ->> 'backbone', settings ->> 'weights' from experiment"
    assert rows(tmp_path, settings) == [("mini", sha256(MINI_FILE.read_bytes()))]


@pytest.mark.slow
def test_deleting_the_cache_changes_no_number(crawled: Path, network: Path, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--images-path", crawled / "images", "--backbone", network]
    for cache in ("one", "other"):
        run(tmp_path, "categorize_both", *options, "--cache-path", cache)
    assert rows(tmp_path, PREDICTIONS.format(1)) == rows(tmp_path, PREDICTIONS.format(2))


@pytest.mark.parametrize(
    ("script", "options", "message"),
    [
        ("categorize_words", [], "no leaf has 1,000 products or more"),
        ("categorize_words", ["--categories", "boot,pumps"], "no category 'boot'; did you mean bo"),
        ("categorize_words", ["--categories", "pumps"], "that is one category"),
        ("categorize_words", ["--categories", "women,pumps"], "'women' is not a leaf"),
        ("categorize_words", ["--db-path", "none.db"], "there is no none.db; run crawl.py first"),
        (
            "categorize_images",
            ["--min-per-category", "3", "--backbone", "alexnet"],
            "there is no backbone 'alexnet'",
        ),
        ("analyze", ["--experiment", "99"], "there is no experiment 99; the latest are"),
        ("analyze", ["--dump-errors-for-experiment", "99"], "there is no experiment 99"),
    ],
)
def test_bad_requests_get_one_clear_line(
    categorized: Path, script: str, options: list[str], message: str
) -> None:
    result = run(categorized, script, *options, code=1)
    assert result.stderr.startswith(f"{script}.py: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("script", ["categorize_words", "analyze"])
def test_an_empty_database_is_said(script: str, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "crawl.db")) as connection:
        connection.executescript((ROOT / "schema.sql").read_text())
    assert "run" in run(tmp_path, script, code=1).stderr


def test_missing_pictures_are_said(crawled: Path, network: Path, tmp_path: Path) -> None:
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--backbone", network]
    result = run(tmp_path, "categorize_images", *options, code=1)
    assert "no picture can be read" in result.stderr
    assert "pass the right --images-path" in result.stderr


@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("crawl", ["--max-per-category", "0"]),
        ("categorize_words", ["--unknown"]),
        ("analyze", ["--experiment", "1", "--dump-errors-for-experiment", "1"]),
        ("retrain", []),
        ("categorize_words", ["--seed", "-1"]),
        ("retrain", ["--image_dir", "x", "--random_crop", "5"]),
        ("retrain", ["--image_dir", "x", "--image_dir", "y"]),
        ("retrain", ["--distill"]),
        ("retrain", ["--distill", "--image_dir", "x", "--backbone", "mini"]),
        ("retrain", ["--distill", "--image_dir", "x", "--output_student", "student"]),
        ("retrain", ["--distill", "--image_dir", "x", "--precision", "int8"]),
        ("retrain", ["--image_dir", "x", "--test_batch_size", "0"]),
        ("retrain", ["--image_dir", "x", "--testing_percentage", "0"]),
        ("retrain", ["--image_dir", "x", "--final_tensor_name", "my result"]),
        (
            "retrain",
            ["--image_dir", "x", "--testing_percentage", "60", "--validation_percentage", "50"],
        ),
    ],
)
def test_wrong_usage_ends_with_code_2(tmp_path: Path, script: str, options: list[str]) -> None:
    assert "usage:" in run(tmp_path, script, *options, code=2).stderr


def test_a_reader_that_closes_early_is_no_error(categorized: Path) -> None:
    command = f"{sys.executable} {ROOT}/analyze.py --dump-errors-for-experiment 1 | head -1"
    result = subprocess.run(
        ["bash", "-c", f"{command}; exit ${{PIPESTATUS[0]}}"],
        cwd=categorized, env=ENVIRONMENT, capture_output=True, text=True,
    )  # fmt: skip
    assert result.stdout == "<!doctype html>\n"
    assert result.stderr == ""
    assert result.returncode in (0, 141)  # 0: all of it fitted into the pipe


CSV = """id,name,description,category_path,image
a1,Red belt,Leather,Women > Belts,a.jpg
a2,Blue hat,Wool,Women > Hats,none.jpg
a2,Blue hat,Wool,Women > Gifts,none.jpg
a3,Green hat,Wool,Women > Hats,
a3,Other thing,Wool,Women > Hats,
"""


def test_a_csv_file_and_a_folder_of_pictures_fill_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(CSV)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(jpeg())
    options = ["--from", "products.csv", "--images", "pictures", "--path-separator", " > "]
    result = run(tmp_path, "crawl", *options, code=3, key=None)
    summary = "crawl.db: 4 categories, 3 products, 1 pictures; 1 skipped, 1 failed; run it again"
    assert summary in result.stdout
    assert "skipped: products.csv line 6: id a3 stands in an earlier line" in result.stderr
    assert rows(tmp_path, "select id, category_id from product order by id") == [
        ("a1", "Women/Belts"),
        ("a2", "Women/Hats"),
        ("a3", "Women/Hats"),
    ]
    assert rows(tmp_path, "select count(*) from product_category") == [(4,)]
    run(tmp_path, "crawl", *options, code=3, key=None)
    assert rows(tmp_path, "select count(*) from product_category") == [(4,)]
    (tmp_path / "pictures" / "none.jpg").write_bytes(jpeg("blue"))
    assert "0 failed" in run(tmp_path, "crawl", *options, key=None).stdout


def test_retraining_tells_its_accuracy_and_saves_graph_and_labels(
    tmp_path: Path, network: Path
) -> None:
    for label, colour in (("Dark-Red_things", "rgb({},0,0)"), ("blue", "rgb(0,0,{})")):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for shade in range(55, 255, 5):
            file = tmp_path / "pictures" / label / f"{shade}.jpg"
            file.write_bytes(jpeg(colour.format(shade)))
    options = [
        "--image_dir",
        "pictures",
        "--backbone",
        network,
        "--print_misclassified_test_images",
    ]
    quick = ["--how_many_training_steps", 200, "--learning_rate", 10]
    result = run(tmp_path, "retrain", *options, *quick)
    assert "Final test accuracy = 100.0% (N=" in result.stdout
    assert (tmp_path / "retrain_out" / "output_labels.txt").read_text() == "dark red things\nblue\n"
    assert (tmp_path / "retrain_out" / "output_graph.pb").stat().st_size > 100
    assert (tmp_path / "retrain_out" / "retrain_logs" / "train").is_dir()


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ([], "needs at least two folders"),
        (["one"], "needs at least two folders with pictures in them, one for each label; it has 1"),
        (["T-Shirts", "t shirts"], "two folders of pictures mean the label 't shirts'; rename one"),
    ],
)
def test_folders_that_cannot_be_learned_from_are_said(
    tmp_path: Path, folders: list[str], message: str
) -> None:
    (tmp_path / "pictures").mkdir()
    for name in folders:
        (tmp_path / "pictures" / name).mkdir()
        (tmp_path / "pictures" / name / "a.jpg").write_bytes(jpeg())
    assert message in run(tmp_path, "retrain", "--image_dir", "pictures", code=1).stderr


@pytest.mark.slow
def test_a_student_is_distilled_from_a_crawl_and_a_folder_and_used(
    crawled: Path, network: Path, tmp_path: Path
) -> None:
    copy_database(crawled, tmp_path)
    more = tmp_path / "more" / "below"
    more.mkdir(parents=True)
    for shade in range(100):
        (more / f"{shade}.jpg").write_bytes(jpeg(f"rgb({shade},0,0)"))
    # a test picture of the crawl must not come in by the back door
    pictures = rows(crawled, "select file from image where file is not null order by sha256")
    for (file,) in pictures:
        (more / Path(str(file)).name).write_bytes((crawled / "images" / str(file)).read_bytes())
    options = ["--db-path", "crawl.db", "--images-path", crawled / "images", "--image_dir", "more"]
    quick = ["--epochs", 1, "--views", 1, "--student_size", 32, "--validation_percentage", 20]
    result = run(tmp_path, "retrain", "--distill", *options, *quick, "--backbone", network)
    assert "retrain_out/student.npz explains" in result.stdout
    about = read_student(tmp_path / "retrain_out" / "student.npz")[0].about
    assert 200 <= sum(about["pictures"].values()) < 100 + len(pictures) - 15
    options = ["--min-per-category", 3, "--images-path", crawled / "images"]
    run(tmp_path, "categorize_images", *options, "--backbone", "retrain_out/student.npz")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--image_dir", "none"], "there is no folder none; pass --image_dir"),
        (["--image_dir", "empty"], "empty has no pictures; pass another --image_dir"),
        (["--image_dir", "few", "--backbone", "alexnet"], "there is no backbone 'alexnet'"),
        (["--image_dir", "few"], "pictures in the train part are too few to distil a student from"),
    ],
)
def test_a_student_that_cannot_be_distilled_says_why(
    tmp_path: Path, network: Path, options: list[str], message: str
) -> None:
    for folder in ("empty", "few"):
        (tmp_path / folder).mkdir()
    (tmp_path / "few" / "a.jpg").write_bytes(jpeg())
    teacher = [] if "--backbone" in options else ["--backbone", network]
    result = run(tmp_path, "retrain", "--distill", *options, *teacher, code=1)
    assert message in result.stderr
