"""What libraries in C++ print while they load and read networks."""

from __future__ import annotations

import os

import pytest

from product_classifier.backbones.runtime import muted_stderr


@pytest.mark.parametrize("fails", [False, True])
def test_what_cpp_prints_reaches_no_terminal_even_where_it_fails(
    fails: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """It may quote a file that holds escape sequences, and --log-json promises JSON alone."""
    try:
        with muted_stderr():
            os.write(2, b"bad node \x1b[2J\n")
            if fails:
                raise ValueError("bad node")
    except ValueError:
        assert fails
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
