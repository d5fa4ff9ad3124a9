"""File formats → rows, categories and products."""
