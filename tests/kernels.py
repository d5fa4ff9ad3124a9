"""Run tests under the arithmetic of other processors: python -m tests.kernels [what pytest takes].

OpenBLAS, oneDNN and NumPy choose their kernels by the processor, and these add up in other orders.
What the tests say must hold under each of them, with one thread and with several.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT

FLOATS = (
    *("tests/models", "tests/features", "tests/backbones", "tests/retraining"),
    *("tests/evaluate", "tests/recipes", "tests/report"),
)
CHOSEN = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "ONEDNN_MAX_CPU_ISA",
    "TF_ENABLE_ONEDNN_OPTS",
    "NPY_DISABLE_CPU_FEATURES",
)
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
KERNELS: dict[str, dict[str, str]] = {
    "this processor's": {},
    "this processor's, one thread": ONE_THREAD,
    "AVX2": {"OPENBLAS_CORETYPE": "Haswell", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "SSE, one thread": {
        "OPENBLAS_CORETYPE": "Nehalem",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        **ONE_THREAD,
    },
    "AVX-512, without oneDNN": {"OPENBLAS_CORETYPE": "SkylakeX", "TF_ENABLE_ONEDNN_OPTS": "0"},
    "x87": {"OPENBLAS_CORETYPE": "Prescott", "ONEDNN_MAX_CPU_ISA": "AVX"},
}


def main(given: list[str]) -> int:
    """Run the tests under each; returns how many of the runs failed."""
    usual = {name: value for name, value in os.environ.items() if name not in CHOSEN}
    failed = []
    for name, settings in KERNELS.items():
        told = " ".join(f"{key}='{value}'" for key, value in settings.items())
        print(f"--- {name}: {told}", flush=True)
        command = [sys.executable, "-m", "pytest", *(given or FLOATS)]
        if subprocess.run(command, env=usual | settings, cwd=ROOT).returncode:
            failed.append(name)
    print(f"--- {len(KERNELS) - len(failed)} of {len(KERNELS)} passed; failed:", failed or "none")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
