"""Model folders that are replaced, killed at any moment, or read meanwhile."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from product_classifier.errors import StoreError
from product_classifier.store.model_folder import ModelFolder, read_model_folder, write_model_folder

CHANGES = ("open", "os.rename", "os.remove")


def model(number: int) -> ModelFolder:
    """A model whose every part tells its number, but for the categories."""
    return ModelFolder(
        settings={"number": number},
        categories=[["a", "women/a"], ["b\n\t", "wo\tmen/\ud83d"]],
        arrays={"0/coef": np.full((2, 3), number, float), "prior": np.array(0.5)},
        vocabulary=["denim", "\tden", str(number)],
        network=b"student %d" % number,
    )


def number_of(folder: Path) -> int:
    """Read a folder, and tell whose it is; a mixture fails."""
    found = read_model_folder(folder)
    number = int(found.settings["number"])
    expected = model(number)
    assert found.categories == expected.categories
    assert found.vocabulary == expected.vocabulary
    assert found.network == expected.network
    assert found.arrays.keys() == expected.arrays.keys()
    assert all((found.arrays[name] == expected.arrays[name]).all() for name in found.arrays)
    return number


def test_a_folder_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "model", model(1))
    assert number_of(tmp_path / "model") == 1
    file = read_model_folder(tmp_path / "model").network_file
    assert file
    assert file.read_bytes() == b"student 1"
    names = sorted(file.name for file in (tmp_path / "model").iterdir())
    write_model_folder(tmp_path / "model", model(2))
    assert number_of(tmp_path / "model") == 2
    assert len(list((tmp_path / "model").iterdir())) == len(names)  # nothing of the first is left
    write_model_folder(tmp_path / "model", model(1))
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == names


def killed_at(folder: Path, moment: int) -> bool:
    """Write model 2 in a process that dies before a change to the disk; False: it got through."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = [moment]

    def die(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES:
            if not left[0]:
                os._exit(9)
            left[0] -= 1

    sys.addaudithook(die)
    write_model_folder(folder, model(2))
    os._exit(0)


def test_a_killed_save_leaves_the_old_model_or_the_new_one(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "before", model(1))
    found = []
    for moment in range(200):
        folder = tmp_path / f"model{moment}"
        shutil.copytree(tmp_path / "before", folder)
        killed = killed_at(folder, moment)
        found.append(number_of(folder))
        write_model_folder(folder, model(3))  # and the next one is whole
        assert number_of(folder) == 3
        if not killed:
            break
    assert len(found) > 15
    assert found == sorted(found)
    assert set(found) == {1, 2}


def test_a_killed_first_save_leaves_no_model(tmp_path: Path) -> None:
    for moment in range(8):
        assert killed_at(tmp_path / f"model{moment}", moment)
        with pytest.raises(StoreError, match="holds no complete model"):
            read_model_folder(tmp_path / f"model{moment}")


def test_a_folder_is_read_while_it_is_written(tmp_path: Path) -> None:
    write_model_folder(tmp_path, model(0))
    ended = threading.Event()

    def write() -> None:
        for number in range(30):
            write_model_folder(tmp_path, model(number))
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    found, refused = [], []
    while not ended.is_set():
        try:
            found.append(number_of(tmp_path))
        except StoreError as error:  # overtaken by several writers
            refused.append(str(error))
    writer.join()
    assert all("holds no complete model" in message for message in refused)
    assert number_of(tmp_path) == 29
    assert found


def test_reading_does_not_wait_for_pipes_or_devices(tmp_path: Path) -> None:
    write_model_folder(tmp_path / "model", model(1))
    for file in sorted((tmp_path / "model").iterdir()):
        folder = tmp_path / f"of-{file.name}"
        shutil.copytree(tmp_path / "model", folder)
        for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)):
            (folder / file.name).unlink(missing_ok=True)
            make(folder / file.name)
            with pytest.raises(StoreError, match="holds no complete model"):
                read_model_folder(folder)
            if (folder / file.name).is_dir():
                (folder / file.name).rmdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "none"):
        with pytest.raises(StoreError, match="holds no complete model"):
            read_model_folder(path)


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "settings.json").symlink_to(tmp_path / "mine")
    write_model_folder(tmp_path / "model", model(1))
    assert number_of(tmp_path / "model") == 1
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_huge_file_is_rejected_before_it_is_read(tmp_path: Path) -> None:
    write_model_folder(tmp_path, model(1))
    [weights] = tmp_path.glob("weights-*")
    with weights.open("r+b") as file:
        file.truncate(10**12)  # a hole, of which a disk keeps nothing
    with pytest.raises(StoreError, match="it is larger than"):
        read_model_folder(tmp_path)


def test_a_folder_too_large_to_be_read_again_is_not_written(tmp_path: Path) -> None:
    one = ModelFolder(settings={"x": "y" * 5_000_000}, categories=[], arrays={})
    with pytest.raises(StoreError, match=r"its settings.json would take 5,.* are allowed"):
        write_model_folder(tmp_path / "model", one)
    assert not (tmp_path / "model").exists()
