"""Redirects of a public server into a real private network are not followed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.faults.namespaces import PUBLIC, REDIRECTS

COMMAND = ["unshare", "--net", "--mount"]


def has_namespaces() -> bool:
    if os.geteuid() or not all(map(shutil.which, ("unshare", "ip", "mount"))):
        return False
    probe = [*COMMAND, "ip", "link", "add", "probe", "type", "veth"]
    return not subprocess.run(probe, capture_output=True).returncode


@pytest.mark.skipif(not has_namespaces(), reason="needs root and network namespaces")
def test_no_redirect_and_no_name_reaches_a_private_network() -> None:
    result = subprocess.run(
        [*COMMAND, sys.executable, "-m", "tests.faults.namespaces"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    outcome = json.loads(result.stdout)
    reasons = outcome["outcomes"]
    assert reasons.pop("no redirect") == reasons.pop("public and private name") == "bytes"
    assert set(reasons) == {*REDIRECTS, "private name"}
    for name, reason in reasons.items():
        assert "is in a private network; pass --allow-private" in reason, name
    assert set(outcome["connected"]) == {PUBLIC}
    assert len(outcome["connected"]) == len(REDIRECTS) + 2
