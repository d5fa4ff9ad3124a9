"""The recipes of the scripts: one task a file, composed from the other rooms."""
