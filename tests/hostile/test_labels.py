"""Hostile names of labels: folders that retrain.py learns from, and files beside a graph."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from product_classifier.backbones import labels_beside
from product_classifier.backbones.exported_classifier import read_classifier
from product_classifier.retraining.export_graph import export_labels
from product_classifier.sources.files.image_folders import read_labelled_images, read_pictures
from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.mutations import TEXTS, changed_bytes

pytestmark = pytest.mark.slow
GRAPH = "output_graph.pb"


def read(folder: Path) -> None:
    """Read a folder of labelled pictures, write their labels, and read those of a graph."""
    if (folder / GRAPH).exists():
        classifier = read_classifier(folder)
        classifier.column(classifier.labels[-1])
        classifier.column("no such label")
        return
    labelled = read_labelled_images(folder)
    read_pictures(folder)
    graph = folder / GRAPH
    graph.write_bytes(b"x")
    export_labels(labelled.labels, labels_beside(graph))
    assert read_classifier(folder).labels == labelled.labels


def warm_up(folder: Path) -> None:
    for label in ("boots", "hats"):
        (folder / label).mkdir()
        (folder / label / "1.jpg").write_bytes(b"x")
    read(folder)


def hostile_labels(chance: random.Random, folder: Path) -> Path:
    texts = [text.encode(errors="surrogatepass") for text in TEXTS]
    names = [chance.choice(texts) for _ in range(chance.choice([1, 2, 3]))]
    names += [
        b"label %d" % k
        for k in range(chance.choice([1, 2, 20_000 if chance.random() < 0.05 else 3]))
    ]
    if chance.random() < 0.4:
        (folder / GRAPH).write_bytes(b"x")
        data = b"\n".join(names)
        if chance.random() < 0.05:
            data = (b"%d\n" * 1_000_000) % tuple(range(1_000_000))
        if chance.random() < 0.3:
            data = changed_bytes(chance, data)
        if chance.random() < 0.1:
            os.mkfifo(labels_beside(folder / GRAPH))
        else:
            labels_beside(folder / GRAPH).write_bytes(data)
        return folder
    for name in names[:50]:
        name = name.replace(b"/", b"_").replace(b"\0", b"")[:200] or b"x"
        below = os.path.join(os.fsencode(folder), name)
        if os.path.exists(below) or name in (b".", b".."):
            continue
        os.mkdir(below)
        for file in (b"1.jpg", name[:100] + b".png"):
            how = chance.randrange(12)
            path = os.path.join(below, file)
            if how == 0:
                os.mkfifo(path)
            elif how == 1:
                os.symlink("/dev/zero", path)
            elif how == 2:
                os.symlink(below, path)
            else:
                with open(path, "wb") as picture:
                    picture.write(b"x")
    return folder


def test_names_of_labels_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(HostileInputs(make=hostile_labels, read=read, warm_up=warm_up), tmp_path)
    assert outcomes[READ]
    assert outcomes[REFUSED]
