"""APIs and files → records. All network and parsing code lives here."""
