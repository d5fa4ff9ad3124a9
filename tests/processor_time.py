"""Processor time of each test, its processes included: `make test OPTIONS=--cpu`.

Wall time depends on what else runs on a machine; processor time hardly does. A fixture counts in
the test that first uses it, and a process in the test that waits for its end.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.warm_python import Warm

SHOWN = 30  # files and tests
PROPERTY = "processor_seconds"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--cpu", action="store_true", help="list the files and tests that take most processor time"
    )
    parser.addoption("--cpu-to", metavar="FILE", help="write each test's processor seconds there")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--cpu") or config.getoption("--cpu-to"):
        config.pluginmanager.register(ProcessorTime(), "processor-time")


def processor_seconds() -> float:
    """Return what this process and those whose end it waited for have taken."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return own + Warm.processor_seconds


class ProcessorTime:
    """Measures each test where it runs, and sums the reports up where they arrive."""

    def __init__(self) -> None:
        self.started = 0.0
        self.collecting = 0.0
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl
    def pytest_collection_finish(self) -> None:
        self.collecting = processor_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[None]:
        self.started = processor_seconds()
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when == "teardown":
            item.user_properties.append((PROPERTY, processor_seconds() - self.started))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self.seconds[report.nodeid] = float(dict(report.user_properties).get(PROPERTY, 0))  # type: ignore[arg-type]

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        write = terminalreporter.write_line
        terminalreporter.section("processor time")
        write(f"{sum(self.seconds.values()):8.1f} s  {len(self.seconds):,} tests")
        write(f"{self.collecting:8.1f} s  imports and collection, in each process")
        for title, depth in (("directories", -2), ("files", -1)):
            write(f"{title}:")
            sums: Counter[str] = Counter()
            for test, seconds in self.seconds.items():
                path = test.split("::")[0]
                sums[path.rpartition("/")[0] if depth == -2 else path] += seconds
            for name, seconds in sums.most_common(SHOWN):
                write(f"{seconds:8.1f} s  {name}")
        write("tests:")
        for name, seconds in Counter(self.seconds).most_common(SHOWN):
            write(f"{seconds:8.1f} s  {name}")
        if path := config.getoption("--cpu-to"):
            with open(path, "w") as file:
                for name, seconds in Counter(self.seconds).most_common():
                    file.write(f"{seconds:.2f}\t{name}\n")
