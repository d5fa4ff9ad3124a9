"""Command lines: those too long for their scripts, and what they have in common."""
