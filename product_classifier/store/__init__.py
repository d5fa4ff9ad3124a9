"""crawl.db, the images folder and the feature cache. All SQL lives here."""
