"""The recipes of crawl.py: what a source yields goes into the store, page by page."""
