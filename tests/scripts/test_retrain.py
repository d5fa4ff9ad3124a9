"""retrain.py trains classifiers of folders and students of pictures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from product_classifier.backbones.student import Shape, read_student, save_student
from product_classifier.records import Image
from product_classifier.retraining.keras_student import folded, new_keras_student
from product_classifier.retraining.softmax_head import split_images
from tests.conftest import jpeg, sha256
from tests.scripts.conftest import copy_database, rows, run


def test_retraining_prints_its_accuracy_and_saves_graph_and_labels(
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


def test_a_pipe_among_pictures_is_reported_and_the_rest_is_learned(
    tmp_path: Path, network: Path
) -> None:
    for label in ("red", "blue"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for side in range(40, 70):
            file = tmp_path / "pictures" / label / f"{label}{side}.jpg"
            file.write_bytes(jpeg(label, (side, side)))
    os.mkfifo(tmp_path / "pictures" / "blue" / "pipe.jpg")
    options = ["--image_dir", "pictures", "--backbone", network, "--how_many_training_steps", 10]
    result = run(tmp_path, "retrain", *options, code=3)
    assert "picture not read: pictures/blue/pipe.jpg: it is a pipe, not a file" in result.stderr
    assert "Final test accuracy" in result.stdout


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ([], "needs at least two folders"),
        (["one"], "needs at least two folders with pictures in them, one for each label; it has 1"),
        (["T-Shirts", "t shirts"], "two folders of pictures mean the label 't shirts'; rename one"),
    ],
)
def test_unusable_folders_are_refused(tmp_path: Path, folders: list[str], message: str) -> None:
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
                (["--start_from", "mini"], "mini has 2048 outputs and"),
                (["--start_from", "gone.npz"], "gone.npz cannot be read"),
                ([], "pictures in the train part are too few to distil a student from"),
            )
        ),
    ],
)
def test_distillations_that_cannot_start_are_refused(
    tmp_path: Path, network: Path, options: list[str], message: str
) -> None:
    for folder in ("empty", "few"):
        (tmp_path / folder).mkdir()
    (tmp_path / "few" / "a.jpg").write_bytes(jpeg())
    teacher = [] if "--backbone" in options else ["--backbone", network]
    result = run(tmp_path, "retrain", "--distill", *options, *teacher, code=1)
    assert message in result.stderr


@pytest.fixture(scope="session")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a tiny student with random weights."""
    shape = Shape(size=16, stem=8, widths=(8, 8), depths=(1, 1), outputs=12, cells=(2, 0))
    path = tmp_path_factory.mktemp("student") / "tiny.npz"
    save_student(folded(new_keras_student(shape, "float32"), shape), path)
    return path


def colours(folder: Path, count: int = 40) -> None:
    """Write two folders of pictures, red and blue."""
    for label, colour in (("red", "rgb({},0,0)"), ("blue", "rgb(0,0,{})")):
        (folder / "pictures" / label).mkdir(parents=True)
        for shade in range(55, 55 + 5 * count, 5):
            file = folder / "pictures" / label / f"{shade}.jpg"
            file.write_bytes(jpeg(colour.format(shade)))


@pytest.mark.slow
def test_a_network_is_fine_tuned_and_used_and_a_finished_training_is_not_repeated(
    tmp_path: Path, student: Path, crawled: Path
) -> None:
    colours(tmp_path)
    options = ["--image_dir", "pictures", "--backbone", student, "--fine-tune", "last:1"]
    options += ["--flip_left_right", "--random_crop", 10, "--random_rotation", 5, "--epochs", 2]
    first = run(tmp_path, "retrain", *options)
    assert "Final test accuracy = " in first.stdout
    assert "frozen: on tuning pictures loss" in first.stderr
    assert "epoch 2: " in first.stderr
    out = tmp_path / "retrain_out"
    assert (out / "output_labels.txt").read_text() == "blue\nred\n"
    assert (out / "output_graph.pb").stat().st_size > 100
    assert any((out / "retrain_logs" / "validation").iterdir())
    about = read_student(out / "network.npz")[0].about
    assert (about["labels"], about["plan"]["part"]) == (2, "last:1")
    again = run(tmp_path, "retrain", *options)
    assert again.stdout == first.stdout
    assert "epoch 2: " not in again.stderr
    copy_database(crawled, tmp_path)
    options = ["--min-per-category", 3, "--images-path", crawled / "images"]
    run(tmp_path, "categorize_images", *options, "--backbone", "retrain_out/network.npz")
    data = (out / "network.npz").read_bytes()
    (out / "network.npz").write_bytes(data[:1000])
    options += ["--backbone", "retrain_out/network.npz"]
    cut = run(tmp_path, "categorize_images", *options, code=1)
    assert "network.npz is incomplete or was changed" in cut.stderr


@pytest.mark.slow
@pytest.mark.parametrize("part", ["train", "tuning", "test"])
def test_a_label_with_one_picture_is_learned_or_refused(
    tmp_path: Path, student: Path, part: str
) -> None:
    colours(tmp_path)
    pictures = {shade: jpeg(f"rgb(0,{shade},0)") for shade in range(256)}
    images = [
        Image(address=str(shade), file="", sha256=sha256(data)) for shade, data in pictures.items()
    ]
    parts = [str(split_images([image], 10, 10)[0]) for image in images]
    (tmp_path / "pictures" / "green").mkdir()
    data = pictures[parts.index(part)]  # a picture that falls into this part
    (tmp_path / "pictures" / "green" / f"{parts.index(part)}.jpg").write_bytes(data)
    options = ["--image_dir", "pictures", "--backbone", student, "--fine-tune", "all"]
    result = run(tmp_path, "retrain", *options, "--epochs", 1, code=0 if part == "train" else 1)
    if part == "train":
        assert "Final test accuracy = " in result.stdout
    else:
        assert "no picture of 'green' is in the training part; add pictures" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--random_crop", 10], "distortions go with --fine-tune"),
        (["--flip_left_right"], "distortions go with --fine-tune"),
        (["--fine-tune", "head", "--random_crop", 101], "101 is not from 0 to 100 per cent"),
        (["--fine-tune", "head", "--random_scale", -1], "-1 is not from 0 to 100 per cent"),
        (["--fine-tune", "head", "--random_shear", 61], "61 is not from 0 to 60 degrees"),
        (["--fine-tune", "head", "--random_rotation", 181], "not from 0 to 180 degrees"),
        (["--fine-tune", "last:0"], "'last:0' is not head, all, or last:N such as last:2"),
        (["--fine-tune", "tail"], "'tail' is not head, all, or last:N"),
        (["--fine-tune", "all", "--distill"], "pass either --distill or --fine-tune"),
        (["--fine-tune", "all", "--output_network", "n.h5"], "must end in .npz"),
        (["--fine-tune", "all", "--learning_rate", "-1"], "not a learning rate of at least 0"),
        (["--fine-tune", "all", "--precision", "int8"], "neither float32 nor bfloat16"),
    ],
)
def test_contradictory_options_of_fine_tuning_are_usage_errors(
    tmp_path: Path, options: list[str], message: str
) -> None:
    assert message in run(tmp_path, "retrain", "--image_dir", "x", *options, code=2).stderr


@pytest.mark.slow
def test_a_network_that_cannot_be_fine_tuned_is_refused_at_once(
    tmp_path: Path, student: Path, network: Path
) -> None:
    colours(tmp_path, 4)
    broken = tmp_path / "broken.npz"
    broken.write_bytes(student.read_bytes()[:500])
    for options, message in (
        (["--backbone", student, "--fine-tune", "last:4"], "has 3 blocks; pass --fine-tune last:3"),
        (["--backbone", network, "--fine-tune", "all"], "its variables are not those of Inception"),
        (["--backbone", "https://a.b/c", "--fine-tune", "all"], "its layers are not known"),
        (["--backbone", broken, "--fine-tune", "all"], "is damaged or not a network"),
        (["--backbone", "alexnet", "--fine-tune", "all"], "there is no backbone 'alexnet'"),
    ):
        result = run(tmp_path, "retrain", "--image_dir", "pictures", *options, code=1)
        assert message in result.stderr
        assert not (tmp_path / "retrain_out" / "bottleneck").exists()
