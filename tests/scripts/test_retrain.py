"""retrain.py: folders to a classifier, and pictures to a student."""

from __future__ import annotations

from pathlib import Path

import pytest

from product_classifier.features.student import read_student
from tests.conftest import jpeg
from tests.scripts.conftest import copy_database, rows, run


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
    again = ["--start_from", "retrain_out/student.npz", "--output_student", "second.npz"]
    run(tmp_path, "retrain", "--distill", *options, *quick, "--backbone", network, *again)
    assert read_student(tmp_path / "second.npz")[0].about["start"] == about
    options = ["--min-per-category", 3, "--images-path", crawled / "images"]
    run(tmp_path, "categorize_images", *options, "--backbone", "second.npz")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--image_dir", "none"], "there is no folder none; pass --image_dir"),
        (["--image_dir", "empty"], "empty has no pictures; pass another --image_dir"),
        (["--image_dir", "few", "--backbone", "alexnet"], "there is no backbone 'alexnet'"),
        *(
            pytest.param(["--image_dir", "few", *options], message, marks=pytest.mark.slow)
            for options, message in (
                (["--start_from", "mini"], "mini gives 2048 values and"),
                (["--start_from", "gone.npz"], "gone.npz cannot be read"),
                ([], "pictures in the train part are too few to distil a student from"),
            )
        ),
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
