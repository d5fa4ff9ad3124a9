"""Processor time of each test, its processes included: `make test OPTIONS=--cpu`.

Wall time depends on what else runs on a machine; processor time hardly does. A fixture counts in
the test that first uses it, and a process in the test that waits for its end.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Generator, Mapping

import pytest

from tests.warm_python import Warm

SHOWN = 30  # files and tests
PROPERTY = "processor_seconds"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cpu", action="store_true", help="list the files and tests that take most processor time"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--cpu"):
        config.pluginmanager.register(ProcessorTime(), "processor-time")


def processor_seconds() -> float:
    """Return the processor time of this process and of its ended children, in seconds."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) + Warm.processor_seconds


class ProcessorTime:
    """Measures each test where it runs, and sums up the reports where they arrive."""

    def __init__(self) -> None:
        self._started = 0.0
        self._seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        self._started = processor_seconds()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when == "teardown":
            item.user_properties.append((PROPERTY, processor_seconds() - self._started))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            seconds = dict(report.user_properties).get(PROPERTY, 0.0)
            assert isinstance(seconds, float)
            self._seconds[report.nodeid] = seconds

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        files: dict[str, float] = defaultdict(float)
        folders: dict[str, float] = defaultdict(float)
        for test, seconds in self._seconds.items():
            file = test.partition("::")[0]
            files[file] += seconds
            folders[file.rpartition("/")[0]] += seconds
        terminalreporter.section("processor time")
        whole = sum(self._seconds.values())
        terminalreporter.write_line(f"{whole:8.1f} s in {len(self._seconds):,} tests")
        for title, sums in (("folders", folders), ("files", files), ("tests", self._seconds)):
            terminalreporter.write_line(f"{title}:")
            for name, seconds in most(sums):
                terminalreporter.write_line(f"{seconds:8.1f} s  {name}")


def most(seconds: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the largest entries in descending order."""
    return sorted(seconds.items(), key=lambda item: -item[1])[:SHOWN]
