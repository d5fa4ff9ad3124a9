"""The networks that a saved model may name, and those that the user has to pass."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from product_classifier.backbones.backbone import HANDLES, load_backbone
from product_classifier.backbones.saved_backbone import (
    GIVEN,
    LONGEST_CALLED,
    STUDENT,
    LoadArguments,
    SavedBackbone,
    load_arguments,
    load_saved,
    saved_backbone,
    student_file,
)
from product_classifier.backbones.student import MINI_FILE, save_student
from product_classifier.errors import FeatureError
from tests.backbones.test_student import random_student

HASH = "ab" * 32


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        ("mini", ("mini", "mini")),
        ("vgg16", ("vgg16", "vgg16")),
        ("inception_v3", ("inception_v3", "inception_v3")),
        (HANDLES["inception_v3"], ("inception_v3", "inception_v3")),
        ("/home/me/secret/networks/colours", (GIVEN, "colours")),
        ("colours/", (GIVEN, "colours")),
        ("https://me:password@a.b:8/c/d?key=1#e", (GIVEN, "a.b:8/c/d")),
        ("student", (GIVEN, "student")),  # a folder that is called so
        ("given", (GIVEN, "given")),
        ("x" * 1000, (GIVEN, "x" * LONGEST_CALLED)),
        (".", (GIVEN, GIVEN)),
    ],
)
def test_the_recorded_name_of_a_network_opens_no_file(name: str, recorded: tuple[str, str]) -> None:
    assert saved_backbone(name, HASH) == SavedBackbone(recorded[0], HASH, recorded[1])


def test_networks_are_looked_up_locally_and_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    mini = SavedBackbone("mini", HASH, "mini")
    assert load_arguments(mini, None, None) == LoadArguments("mini", None)
    for name in ("inception_v3", "vgg16"):
        with pytest.raises(FeatureError, match=f"by {name}, .* cached; pass --backbone {name} to"):
            load_arguments(SavedBackbone(name, HASH, name), None, None)
    cached = tmp_path / hashlib.sha1(HANDLES["inception_v3"].encode()).hexdigest()
    cached.mkdir()
    assert load_arguments(SavedBackbone("inception_v3", HASH, ""), None, None).name == str(cached)
    (tmp_path / "models").mkdir()
    weights = tmp_path / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    weights.touch()
    vgg16 = SavedBackbone("vgg16", HASH, "vgg16")
    assert load_arguments(vgg16, None, None) == LoadArguments("vgg16", weights)
    mine = tmp_path / "mine.h5"
    assert load_arguments(vgg16, None, mine) == LoadArguments("vgg16", mine)


def test_a_network_that_the_user_passes_is_used_and_its_hash_compared(tmp_path: Path) -> None:
    saved = SavedBackbone(GIVEN, HASH, "/etc/passwd")
    with pytest.raises(
        FeatureError, match=r"has to be passed as --backbone: .*'/etc/passwd' before"
    ):
        load_arguments(saved, None, None)
    assert load_arguments(saved, "colours", None) == LoadArguments("colours", None)
    for name in ("mini", str(tmp_path)):
        with pytest.raises(
            FeatureError, match="is not that network; pass that network as --backbone"
        ):
            load_saved(saved, name, None)
    right = SavedBackbone("mini", hashlib.sha256(MINI_FILE.read_bytes()).hexdigest(), "mini")
    assert load_saved(right, None, None).name == "mini"


def test_a_students_file_is_read_if_its_hash_is_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "student.npz"
    sha256 = save_student(random_student(), path)
    assert student_file(str(path), sha256) == path.read_bytes()
    assert student_file(str(path), HASH) is None
    assert student_file("mini", sha256) is None
    assert student_file(str(tmp_path / "none.npz"), sha256) is None
    saved = SavedBackbone(STUDENT, sha256, "student.npz", path)
    assert load_saved(saved, None, None).sha256 == sha256
    (tmp_path / "other.npz").write_bytes(b"not even an archive")
    with pytest.raises(FeatureError, match="is not that network"):
        load_backbone(str(tmp_path / "other.npz"), sha256=sha256)
