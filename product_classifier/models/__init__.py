"""The frozen split, networks, and their training."""
