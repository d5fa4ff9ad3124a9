"""Values in, text and pages out."""
