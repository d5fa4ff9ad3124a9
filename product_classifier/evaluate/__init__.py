"""Evaluation: arrays in, numbers out, nothing read or written."""
