"""Catalogues whose names attack the terminal: no script prints them unescaped."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import re
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import analyze
import crawl
from product_classifier.terminal import script
from tests.faults.tier import tier

UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
)
FORGED = "forged: 9,999 products"
ATTACKS = (
    *(
        "\x1b]0;owned\x07",
        "\x1b[2J\x1b[H",
        "\x9b31m",
        "\x1bP$q\x1b\\",
        "\r",
        "\b\b\b",
        "\x7f",
        "\x00",
    ),
    *(
        "\u202egpj.exe\u202c",
        "\u2066x\u2069",
        "\u200f",
        "\u061c",
        "\x85",
        "\u2028",
        "\u2029",
        "\x0c",
    ),
    *(f"\n{FORGED}\n", f"\r\n{FORGED}\r\n", f"\x0b{FORGED}", f"\x1c{FORGED}", "\ud83d", "\t"),
    *("宽字", "e\u0301" * 9, "😀", '{"error": "x", "code": 0}', "%s {0} $x", "</pre>", "=1+1"),
)
FIELDS = ("id", "name", "description", "category_path", "image")
Ended = tuple[int | str | None, str, str]


def ended(main: Callable[[], int], name: str, *options: object) -> Ended:
    """Run a script in this process as cli.run does; return its code, stdout and stderr."""
    out, said = io.StringIO(), io.StringIO()
    sys.argv = [name, *map(str, options)]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        try:
            script.run(main)
        except SystemExit as end:
            return end.code, out.getvalue(), said.getvalue()


def text(chance: random.Random, plain: str) -> str:
    """Insert attacks into a harmless text."""
    pieces = [plain, *chance.sample(ATTACKS, chance.choice([0, 1, 1, 3]))]
    chance.shuffle(pieces)
    return "".join(pieces)


def catalogue(chance: random.Random, folder: Path) -> Path:
    """Write a catalogue that is usually readable, as CSV, JSON or JSON Lines."""
    products = []
    for number in range(chance.choice([1, 3, 12])):
        levels = "/".join(text(chance, f"level{k}") for k in range(chance.randint(1, 3)))
        product = (text(chance, f"id{number}"), text(chance, "Boot"), text(chance, "of leather"))
        products.append(dict(zip(FIELDS, (*product, levels, text(chance, "x.jpg")), strict=True)))
    if chance.random() < 0.2:
        products.append({**products[-1], "id": "", "name": text(chance, "no id")})
    extra = text(chance, "colour")
    products[0][extra] = text(chance, "red")
    kind = chance.choice(["csv", "tsv", "json", "jsonl"])
    name = text(chance, "catalogue").replace("/", "").replace("\x00", "").replace("\ud83d", "")
    path = folder / f"{name[:80]}.{kind}"
    with path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        if kind == "json":
            json.dump(products, file)
        elif kind == "jsonl":
            file.writelines(f"{json.dumps(product)}\n" for product in products)
        else:
            style = {"delimiter": "\t"} if kind == "tsv" else {}
            writer = csv.DictWriter(file, [*FIELDS, extra], **style)  # type: ignore[arg-type]
            writer.writeheader()
            writer.writerows(products)
    return path


@pytest.mark.slow
def test_no_name_controls_a_terminal_or_fakes_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.chdir(tmp_path)
    times, seed = tier(short=200, long=2_000)
    codes: Counter[object] = Counter()
    for number in range(times):
        chance = random.Random(f"{seed}:{number}")
        folder = tmp_path / "case"
        folder.mkdir()
        source = catalogue(chance, folder)
        database = ["--db-path", folder / "crawl.db"]
        files = ["--from", source, *database, "--images-path", folder / "images"]
        log = ["--log-json"] if chance.random() < 0.2 else []
        runs = [
            ended(crawl.main, "crawl.py", *files, "--dry-run", *log),
            ended(crawl.main, "crawl.py", *files, *log),
            ended(analyze.main, "analyze.py", *database, "--crawl"),
            ended(crawl.main, "crawl.py", text(chance, "--bad"), *log),
        ]
        if number % 5 == 0:
            page, columns = folder / text(chance, "page"), text(chance, "name=x")
            runs += [
                ended(analyze.main, "analyze.py", *database, "--crawl", "--json"),
                ended(analyze.main, "analyze.py", *database, "--html", page),
                ended(crawl.main, "crawl.py", *files, "--strict", "--columns", columns),
            ]
        if number % 20 == 0:  # with its languages it takes a while
            runs.append(ended(analyze.main, "analyze.py", *database, "--catalogue"))
        for which, (code, out, said) in enumerate(runs):
            codes[which, code] += 1
            assert code in (0, 1, 2, 3), (number, which, said)
            assert not UNSAFE.search(out + said), (number, which)
            assert "unexpected" not in said, (number, which, said)
            assert FORGED not in (out + said).splitlines(), (number, which)
            for line in said.splitlines() if log and which < 2 else ():
                assert isinstance(json.loads(line), dict)
        shutil.rmtree(folder)
    assert codes[1, 0] + codes[1, 3] > times // 2, codes  # imported
