"""The documentation is small where it is read first, complete, and up to date."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs import generate
from tests.docs.markdown import PAGES, anchors, blocks, commands, links, prose

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
LANGUAGES = ("sh", "sh parsed", "sql", "python", "text")
OTHER_PROGRAMS = {".", "cp", "mkdir", "sqlite3", "PYTHONPATH=../product-classifier"}


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_readme_is_read_in_five_minutes() -> None:
    text = README.read_text()
    assert len(text.splitlines()) <= 150
    assert len(text.split()) <= 1200


def test_readme_shows_the_demo_and_the_tests_on_its_first_screen() -> None:
    first = README.read_text().splitlines()[:25]
    assert any(line.startswith("make demo") for line in first)
    assert any(line.startswith("make test") for line in first)


def test_readme_links_every_page() -> None:
    linked = {(README.parent / link.partition("#")[0]).resolve() for link in links(README)}
    assert [name(page) for page in DOCS if page not in linked and page.name != "README.md"] == []


def test_the_list_of_pages_is_complete() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert [name(page) for page in DOCS if page not in linked and page != index] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), link
        assert path.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(path), link


def test_every_option_of_every_script_is_documented() -> None:
    text = generate.OPTIONS.read_text()
    sections = text.split("\n## ")
    for script, section in zip(generate.SCRIPTS, sections[1:], strict=True):
        assert section.startswith(f"{script}.py\n")
        flags = generate.parser_of(script)._option_string_actions
        assert [flag for flag in flags if f"`{flag}`" not in section] == []


def test_generated_pages_are_up_to_date() -> None:
    assert generate.OPTIONS.read_text() == generate.options_page(), "run make docs"
    assert generate.DATABASE.read_text() == generate.database_page(), "run make docs"


def test_every_table_and_view_is_documented() -> None:
    schema = (ROOT / "schema.sql").read_text()
    created = [line.split()[2] for line in schema.splitlines() if line.startswith("create ")]
    kinds = [line.split()[1] for line in schema.splitlines() if line.startswith("create ")]
    names = [name for name, kind in zip(created, kinds, strict=True) if kind != "index"]
    assert set(names) <= anchors(generate.DATABASE)


def test_architecture_answers_where_to_look() -> None:
    page = ROOT / "docs" / "architecture.md"
    table = page.read_text().partition("| I want to … | open … |")[2].partition("\n\n")[0]
    rows = table.strip().splitlines()[1:]
    assert len(rows) >= 20
    assert all("](" in row for row in rows if "the script" not in row)


def test_architecture_names_every_room_and_every_module_beside_the_rooms() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    package = ROOT / "product_classifier"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"`product_classifier/{room}/`" not in text] == []
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    assert [module for module in sorted(modules) if f"`{module}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_names_its_language(page: Path) -> None:
    assert [block.info for block in blocks(page) if block.info not in LANGUAGES] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_of_a_page_is_one_that_exists(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that the slow tests do not run: their options are read by the scripts' parsers."""
    (tmp_path / "pictures").mkdir()
    monkeypatch.chdir(tmp_path)
    for block in blocks(page):
        if block.info in ("sh", "sh parsed"):
            for command in commands(block):
                check(command)


def check(command: str) -> None:
    """Fail unless the scripts, targets and options that a command names exist."""
    words = shlex.split(command.partition(" > ")[0].removesuffix("&"), comments=True)
    while words and "=" in words[0]:
        words = words[1:]
    if words[0].endswith("python") and words[1] == "-m":
        if words[2] in ("demo", "benchmarks"):
            generate.parser_of(f"{words[2]}.__main__").parse_args(words[3:])
    elif words[0] == "python":
        generate.parser_of(Path(words[1]).stem).parse_args(words[2:])
    elif words[0] == "make":
        targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text().splitlines()}
        assert words[1] in targets, command
    else:
        assert words[0] in OTHER_PROGRAMS or words[0].startswith(".venv/bin/"), command


def test_indented_commands_are_not_overlooked() -> None:
    """A command in an indented block would be checked by no test."""
    for page in PAGES:
        lines = prose(page).splitlines()
        assert [line for line in lines if line.startswith("    python ")] == [], name(page)
