"""What is measured, each figure beside its peer; run by `make bench`."""
