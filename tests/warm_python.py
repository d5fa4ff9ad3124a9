"""A Python that has loaded the scripts' libraries and forks itself for each script that is run.

A script that runs so is a process of its own, with its own exit code, streams, folder and
environment; but NumPy, scikit-learn, TensorFlow and others are loaded already, which saves seconds
of processor time. The project's code is loaded anew each time. Tests of loading, of limits of
memory, of signals, and of what Python's hashes of strings may decide need a fresh Python.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
LIBRARIES = (
    *("numpy", "scipy.sparse", "scipy.optimize", "scipy.special", "scipy.stats"),
    *("sklearn.linear_model", "sklearn.feature_extraction.text", "tensorflow", "keras", "h5py"),
    *("lxml.etree", "bson", "pyarrow.parquet", "urllib3", "certifi", "PIL.Image", "jinja2", "tqdm"),
    *("snowballstemmer", "stop_words", "py3langid", "argparse", "csv", "sqlite3"),
)
MOST_SECONDS = 300.0  # for one script


class Script:
    """A running script; the next one is started after the end of this one."""

    def __init__(self, answers: IO[bytes], streams: list[Path], words: list[str]) -> None:
        self._answers, self._streams, self._words = answers, streams, words
        self._code: int | None = None
        self.pid: int = self._answer()

    def _answer(self) -> Any:
        line = self._answers.readline()
        assert line, "the warm Python has ended"
        return json.loads(line)

    def poll(self, seconds: float = 0) -> int | None:
        """Return the exit code, or None if the script still runs after so many seconds."""
        if self._code is None and select.select([self._answers], [], [], seconds)[0]:
            self._code, processor_seconds = self._answer()
            Warm.processor_seconds += processor_seconds
        return self._code

    def kill(self) -> None:
        """Kill the script, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float = MOST_SECONDS) -> subprocess.CompletedProcess[str]:
        """Return the exit code and what the script wrote; kill it if it takes longer."""
        if self.poll(seconds) is None:
            self.kill()
            self.poll(MOST_SECONDS)
            raise subprocess.TimeoutExpired(self._words, seconds)
        assert self._code is not None
        written = [path.read_text(encoding="utf-8") for path in self._streams]
        for path in self._streams:
            path.unlink()
        return subprocess.CompletedProcess(self._words, self._code, *written)


class Warm:
    """The process that forks; each process of pytest has one."""

    processor_seconds = 0.0  # of the scripts that have ended

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        atexit.register(self._process.kill)
        self._folder = tempfile.TemporaryDirectory()
        self._running: Script | None = None

    def start(
        self,
        folder: Path,
        script: str,
        *options: object,
        env: Mapping[str, str],
        constants: Mapping[str, float] | None = None,
    ) -> Script:
        """Start a script of this repository in a folder, with this environment alone.

        constants: by "module.NAME", other values than the project's.
        """
        assert self._running is None or self._running.poll() is not None
        assert self._process.stdin
        assert self._process.stdout
        streams = [Path(self._folder.name, name) for name in ("stdout", "stderr")]
        for path in streams:
            path.write_bytes(b"")
        words = [str(ROOT / f"{script}.py"), *map(str, options)]
        request = {
            "words": words,
            "folder": str(folder),
            "env": dict(env),
            "streams": list(map(str, streams)),
            "constants": dict(constants or {}),
        }
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        self._running = Script(self._process.stdout, streams, words)
        return self._running


@cache
def warm_python() -> Warm:
    """Return the warm Python of this process of pytest."""
    return Warm()


def is_warm() -> bool:
    """Return whether this process of pytest has begun its warm Python."""
    return warm_python.cache_info().currsize > 0


def main() -> None:
    """Load the libraries, and fork for each line of stdin; a child runs its script and ends."""
    sys.path[0] = str(ROOT)
    from product_classifier.backbones.runtime import muted_stderr

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # read once, as TensorFlow is loaded
    with muted_stderr():
        for library in LIBRARIES:
            importlib.import_module(library)
    requests, answers = os.dup(0), os.dup(1)  # no script inherits these
    warnings.simplefilter("ignore", DeprecationWarning)  # forking beside the libraries' threads
    gc.collect()
    gc.freeze()  # children share these pages as long as nobody writes to them
    with open(requests, "rb", closefd=False) as lines:
        for line in lines:
            request = json.loads(line)
            child = os.fork()
            if not child:
                os.close(requests)
                os.close(answers)
                warnings.resetwarnings()
                run_script(request)
            os.write(answers, f"{child}\n".encode())
            _, status, usage = os.wait4(child, 0)
            ended = os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime
            os.write(answers, f"{json.dumps(ended)}\n".encode())


def run_script(request: dict[str, Any]) -> None:
    """Run a script as `python SCRIPT` does, and end this process."""
    streams = [os.open(os.devnull, os.O_RDONLY)]
    streams += [os.open(name, os.O_WRONLY | os.O_APPEND) for name in request["streams"]]
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["words"]
    for name, value in request["constants"].items():
        module_name, _, constant = name.rpartition(".")
        module = importlib.import_module(module_name)
        assert hasattr(module, constant), name
        setattr(module, constant, value)
    code: Any = None
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        code = ended.code
    if code is not None and not isinstance(code, int):
        raise SystemExit(code)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)  # to take the libraries down takes a second of processor time


if __name__ == "__main__":
    main()
