"""Output of C++ libraries while they load networks."""

from __future__ import annotations

import os

import pytest

from product_classifier.backbones.runtime import muted_stderr


@pytest.mark.parametrize("fails", [False, True])
def test_output_of_cpp_code_is_discarded_even_after_an_error(
    fails: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """Check muted_stderr: such output may quote escape sequences, and --log-json is JSON alone."""
    try:
        with muted_stderr():
            os.write(2, b"bad node \x1b[2J\n")
            if fails:
                raise ValueError("bad node")
    except ValueError:
        assert fails
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
