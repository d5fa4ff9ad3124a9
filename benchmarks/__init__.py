"""Benchmarks: each figure beside the same figure of a peer; run by `make bench`."""
