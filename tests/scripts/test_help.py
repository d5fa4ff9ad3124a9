"""--help loads no heavy library."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SCRIPTS = sorted(path.stem for path in ROOT.glob("*.py"))
HEAVY = {"numpy", "scipy", "sklearn", "tensorflow", "keras", "PIL", "pyarrow", "lxml", "urllib3"}
HEAVY |= {"requests", "jinja2", "matplotlib", "bson", "h5py", "sqlite3"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_loads_nothing_heavy(script: str) -> None:
    command = [sys.executable, "-X", "importtime", str(ROOT / f"{script}.py"), "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"\| +([\w.]+)$", ended.stderr, flags=re.MULTILINE))
    assert ended.stdout.startswith(f"usage: {script}.py")
    assert "argparse" in loaded
    assert HEAVY & loaded == set()
