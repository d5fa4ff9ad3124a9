"""crawl.db, the images folder, the feature cache and model folders. All SQL lives here."""
