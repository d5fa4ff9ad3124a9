"""Accuracy and coverage: arrays in, numbers out, nothing read or written."""
