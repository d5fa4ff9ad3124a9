"""The products of the demo catalogue: their facts, texts and categories."""
