"""README and the pages of docs/ as the tests read them: links, headings, fenced blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

CARD = ROOT / "product_classifier" / "backbones" / "weights" / "README.md"
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "results" / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    CARD,
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: the words behind its fence, such as `sh parsed`, and its text."""

    info: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    for match in re.finditer(r"^```(.*)\n([\s\S]*?)^```$", page.read_text(), re.MULTILINE):
        yield Block(match[1].strip(), match[2])


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*\n[\s\S]*?^```$", "", page.read_text(), flags=re.MULTILINE)


def links(page: Path) -> list[str]:
    """Return the targets of all links and pictures of a page."""
    return LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return the names that GitHub gives to the headings of a page."""
    names: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        number = 0
        while (numbered := f"{name}-{number}" if number else name) in names:
            number += 1
        names.add(numbered)
    return names


def commands(block: Block) -> list[str]:
    """Return the commands of a block, those that continue after a backslash as one line."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
