"""The command lines that are too long to stand in their scripts."""
