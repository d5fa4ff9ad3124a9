"""The benchmarks, each figure beside its peer's; run by `make bench`."""
