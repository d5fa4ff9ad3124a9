"""crawl.py --filter-images: a network marks close-ups, and categorizers leave them out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageDraw

from tests.backbones.test_exported_classifier import save_reddish
from tests.conftest import jpeg
from tests.scripts.conftest import rows, run
from tests.scripts.test_retrain import student

__all__ = ["student"]

SIDE = 48
SHAPES = {"balls": "ellipse", "boxes": "rectangle"}
PRODUCTS = 60  # of each leaf


def normal(chance: np.random.Generator, shape: str) -> PillowImage.Image:
    """Return a picture of an object on white."""
    picture = PillowImage.new("RGB", (SIDE, SIDE), "white")
    left, top = chance.integers(10, 16, 2).tolist()
    right, bottom = chance.integers(32, 38, 2).tolist()
    colour = f"hsl({chance.integers(360)}, 70%, 40%)"
    getattr(ImageDraw.Draw(picture), shape)((left, top, right, bottom), colour)
    return picture


def zoomed(chance: np.random.Generator) -> PillowImage.Image:
    """Return a picture of a texture that fills the frame."""
    colour = chance.integers(60, 160, 3)
    texture = chance.integers(-50, 50, (SIDE, SIDE, 1))
    return PillowImage.fromarray((colour + texture).astype(np.uint8), "RGB")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a catalogue of balls and boxes.

    The main picture of a third is a close-up; some of these have no other picture.
    """
    folder = tmp_path_factory.mktemp("shop")
    chance = np.random.default_rng(0)
    lines = ["id,name,category_path,image,more_images"]
    for leaf, shape in SHAPES.items():
        for k in range(PRODUCTS):
            name, others = f"{leaf}{k:02}", ""
            if k % 3 == 0:
                zoomed(chance).save(folder / f"{name}.png")
                if k % 15:
                    normal(chance, shape).save(folder / f"{name}-whole.png")
                    others = f"{name}-whole.png"
            else:
                normal(chance, shape).save(folder / f"{name}.png")
            lines.append(f"{name},Thing {name},{leaf},{name}.png,{others}")
    (folder / "products.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write other pictures, in a folder for each label."""
    folder = tmp_path_factory.mktemp("examples")
    chance = np.random.default_rng(1)
    for label in ("normal", "zoomed"):
        (folder / label).mkdir()
    for k in range(80):
        normal(chance, list(SHAPES.values())[k % 2]).save(folder / "normal" / f"{k}.png")
        zoomed(chance).save(folder / "zoomed" / f"{k}.png")
    return folder


ADDRESS = "replace(address, rtrim(address, replace(address, '/', '')), '')"
MARKED = f"""select {ADDRESS} from image join image_mark using (sha256)
  where marked order by 1"""
CLOSE_UPS = [(f"{leaf}{k:02}.png",) for leaf in SHAPES for k in range(0, PRODUCTS, 3)]
TOLD = (
    "crawl.db: 152 pictures looked at, 40 marked zoomed at {}; 8 products have marked pictures only"
)


@pytest.mark.slow
def test_close_ups_are_learned_marked_and_left_out(
    shop: Path, examples: Path, student: Path, tmp_path: Path
) -> None:
    several = ["--images-per-product", 2]
    run(tmp_path, "crawl", "--from", shop / "products.csv", "--images", shop, *several, key=None)
    learn = ["--image_dir", examples, "--backbone", student, "--how_many_training_steps", 300]
    pictures = ["--min-per-category", 3, "--backbone", student]
    run(tmp_path, "categorize_images", *pictures, short=True)
    run(tmp_path, "retrain", *learn)
    run(tmp_path, "retrain", *learn, "--output_graph", "zoom.onnx")
    assert (tmp_path / "zoom_labels.txt").read_text() == "normal\nzoomed\n"
    for model, message in (
        ("zoom.onnx", "pictures: 152 in "),
        ("retrain_out/output_graph.pb", "pictures: 152 in "),
        ("retrain_out", ""),  # the same network: scores are stored
    ):
        result = run(tmp_path, "crawl", "--filter-images", model, key=None)
        assert result.stdout == f"{TOLD.format(0.5)}\n"
        assert result.stderr.startswith(message)
        assert len(result.stderr.splitlines()) == bool(message)
        assert rows(tmp_path, MARKED) == CLOSE_UPS
    report = run(tmp_path, "analyze", "--crawl").stdout
    assert "       40 marked zoomed: left out where a product has others" in report
    run(tmp_path, "categorize_images", *pictures, short=True)
    run(tmp_path, "categorize_images", *pictures, *several, short=True)
    run(tmp_path, "categorize_words", "--min-per-category", 3, "--model", "linear")
    split, marked = "select distinct split from experiment", "settings ->> 'marked_pictures'"
    assert len(rows(tmp_path, split)) == 1
    assert rows(tmp_path, f"select {marked} from experiment") == [(None,), (32,), (32,), (None,)]
    assert "marked pictures 32" in run(tmp_path, "analyze", "--leaderboard").stdout
    unmark = ["--filter-images", "retrain_out", "--threshold", 1]
    output = run(tmp_path, "crawl", *unmark, key=None).stdout
    assert " 0 marked zoomed at 1; 0 products have" in output
    run(tmp_path, "categorize_images", *pictures, short=True)
    predicted = """select product_id, category_id, score from predicted_category
      where experiment_id = {} order by product_id"""
    first, second, last = (rows(tmp_path, predicted.format(number)) for number in (1, 2, 5))
    assert first == last
    assert first != second


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Write a red and a blue product, and a network for which red means zoomed."""
    (tmp_path / "products.csv").write_text("id,name,category_path,image\n1,a,b,r.jpg\n2,a,b,b.jpg")
    (tmp_path / "r.jpg").write_bytes(jpeg("red"))
    (tmp_path / "b.jpg").write_bytes(jpeg("blue"))
    run(tmp_path, "crawl", "--from", "products.csv", key=None)
    save_reddish(tmp_path / "zoom.onnx")
    return tmp_path


def test_marking_needs_no_key_and_log_json_prints_json(two: Path) -> None:
    result = run(two, "crawl", "--filter-images", "zoom.onnx", "--log-json", key=None)
    assert json.loads(result.stdout) == {
        **{"looked_at": 2, "marked": 1, "marked_only": 1},
        **{"label": "zoomed", "threshold": 0.5, "not_read": 0},
    }
    [line] = result.stderr.splitlines()
    progress = json.loads(line)
    assert (progress["stage"], progress["done"], progress["total"]) == ("pictures", 2, 2)


def test_marks_are_reported_as_json_and_on_a_page(two: Path) -> None:
    run(two, "crawl", "--filter-images", "zoom.onnx", key=None)
    assert json.loads(run(two, "analyze", "--crawl", "--json").stdout)["marked"] == {"zoomed": 1}
    run(two, "analyze", "--crawl", "--output", "crawl.html")
    page = " ".join((two / "crawl.html").read_text().split())
    assert "2 pictures complete, 1 of them marked zoomed, 0 not tried yet." in page


def test_a_missing_picture_is_reported_with_exit_code_3(two: Path) -> None:
    [(file,)] = rows(two, f"select file from image where {ADDRESS} = 'b.jpg'")
    (two / "images" / str(file)).unlink()
    result = run(two, "crawl", "--filter-images", "zoom.onnx", key=None, code=3)
    assert f"picture not read: {file}: No such file or directory" in result.stderr
    assert result.stdout.startswith("crawl.db: 1 pictures looked at, 1 marked zoomed at 0.5; 1")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("none.pb", "none.pb cannot be read: No such file or directory; retrain.py --image_dir"),
        (
            "products.csv",
            "products.csv is not a graph from retrain.py; pass its output_graph.pb or",
        ),
        ("broken.onnx", "broken.onnx is damaged or not a graph from retrain.py ("),
        ("images", "images/output_graph.pb cannot be read: No such file or directory"),
        ("alone.onnx", "alone_labels.txt, the labels of alone.onnx, cannot be read"),
        ("one.onnx", "one.onnx has only one label, 'zoomed'; train it on two or more"),
        ("logo.onnx", "logo.onnx has no label 'zoomed'; pass --filter-label with one of: logo, x"),
    ],
)
def test_a_bad_model_is_an_error_of_one_line_and_marks_nothing(
    two: Path, model: str, message: str
) -> None:
    save_reddish(two / "broken.onnx").write_bytes(b"no graph at all")
    (two / "alone.onnx").write_bytes((two / "zoom.onnx").read_bytes())
    save_reddish(two / "one.onnx", ["zoomed"])
    save_reddish(two / "logo.onnx", ["logo", "x"])
    result = run(two, "crawl", "--filter-images", model, key=None, code=1)
    [line] = result.stderr.splitlines()
    assert line.startswith("crawl.py: ")
    assert message in line
    assert rows(two, "select * from image_mark") == []
