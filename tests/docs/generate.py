"""Write the pages of docs/ that follow from the code: options.md, and the tables of database.md.

`make docs` runs this module. The pages are built from the parsers themselves, not from the text of
--help, so that they are the same on every version of Python and in terminals of any width.
"""

from __future__ import annotations

import argparse
import importlib
import re
from pathlib import Path
from typing import NoReturn
from unittest import mock

ROOT = Path(__file__).parents[2]
OPTIONS, DATABASE = ROOT / "docs" / "options.md", ROOT / "docs" / "database.md"
SCRIPTS = (
    "crawl",
    "categorize_words",
    "categorize_images",
    "categorize_both",
    "analyze",
    "retrain",
)
BEGIN, END = "<!-- generated from schema.sql by make docs -->", "<!-- end of the generated part -->"
INTRODUCTION = """\
# Options

Every option of the six scripts, generated from their command lines by `make docs`. Values in
parentheses are the defaults. `--help` prints the same in the terminal.
[Categorizing](categorizing.md), [importing](importing.md), [crawling](crawling.md),
[backbones](backbones.md), [trust](trust.md) and [labels](labels.md) explain when to use which.
"""


class ParserFoundError(Exception):
    """Carries the parser of a script out of its main function."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def parser_of(script: str) -> argparse.ArgumentParser:
    """Return the parser of a script, which its main function builds first of all."""

    def interrupt(parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise ParserFoundError(parser)

    with mock.patch.object(argparse.ArgumentParser, "parse_args", interrupt):
        try:
            importlib.import_module(script).main()
        except ParserFoundError as caught:
            caught.parser.prog = f"{script}.py"
            return caught.parser
    raise AssertionError(f"{script}.py reads no command line")


def options_page() -> str:
    """Return docs/options.md."""
    return "\n".join([INTRODUCTION, *(section(parser_of(script)) for script in SCRIPTS)])


def section(parser: argparse.ArgumentParser) -> str:
    """Return the section of one script: what it is for, its options by group, its examples."""
    lines = [f"## {parser.prog}", "", one_line(parser.description or ""), ""]
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if action.option_strings]
        if not actions:
            continue
        lines += [f"### {parser.prog}: {group.title}", ""]
        if group.description:
            lines += [one_line(group.description), ""]
        lines += ["| option | meaning |", "|---|---|"]
        lines += [f"| {usage(action)} | {meaning(parser, action)} |" for action in actions]
        lines += [""]
        for exclusive in group._mutually_exclusive_groups:
            names = [f"`{action.option_strings[-1]}`" for action in exclusive._group_actions]
            if exclusive._group_actions[0] in actions:
                lines += [f"At most one of {', '.join(names)}.", ""]
    lines += [f"### {parser.prog}: examples", "", "```sh parsed", *examples(parser), "```", ""]
    return "\n".join(lines)


def usage(action: argparse.Action) -> str:
    """Return the names of an option and of its value, such as `--seed SEED`."""
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    if action.nargs == 0:
        return names
    value = action.metavar
    if value is None and action.choices is not None:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if value is None:
        value = action.dest.upper()
    return f"{names} `{escaped(str(value))}{' …' if action.nargs == '+' else ''}`"


def meaning(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return the help of an option, with its default filled in."""
    return escaped(one_line((action.help or "") % {**vars(action), "prog": parser.prog}))


def examples(parser: argparse.ArgumentParser) -> list[str]:
    """Return the commands that --help ends with."""
    lines = (parser.epilog or "").splitlines()
    return [line.strip() for line in lines if line.startswith("  ")]


def one_line(text: str) -> str:
    """Return a text with every run of white space replaced by one space."""
    return " ".join(text.split())


def escaped(text: str) -> str:
    """Return a text as a cell of a Markdown table shows it."""
    return text.replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")


def schema_tables() -> str:
    """Return the tables and views of schema.sql as Markdown, each with its columns and comments."""
    lines: list[str] = []
    inside = ""
    for line in (ROOT / "schema.sql").read_text(encoding="utf-8").splitlines():
        code, _, comment = (part.strip() for part in line.partition("--"))
        if created := re.match(r"create (table|view) (\w+)", code):
            inside, name = created[1], created[2]
            lines += ["", f"### {name}", ""]
            if inside == "view":
                lines += [f"A view: {comment}.", ""]
            elif comment:
                lines += [sentence(comment), ""]
            if inside == "table":
                lines += ["| column | type | meaning |", "|---|---|---|"]
        elif inside == "table" and re.match(r"(primary key|check|unique|foreign key) *\(", code):
            lines.append(f"| | `{code.rstrip(',')}` | |")
        elif inside == "table" and (column := re.match(r"(\w+) +(.+?),?$", code)):
            lines.append(f"| `{column[1]}` | `{column[2]}` | {escaped(comment)} |")
        if code.endswith(";"):
            inside = ""
    return "\n".join(lines).strip()


def sentence(text: str) -> str:
    """Return a comment with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def database_page() -> str:
    """Return docs/database.md with its tables brought up to date."""
    before, _, rest = DATABASE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{schema_tables()}\n\n{END}{after}"


def main() -> None:
    """Write both pages."""
    OPTIONS.write_text(options_page(), encoding="utf-8")
    DATABASE.write_text(database_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
