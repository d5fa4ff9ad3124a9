"""The reports of analyze.py, each a recipe over the other rooms; only analyze.py imports them."""
