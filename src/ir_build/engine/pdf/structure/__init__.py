"""A PDF's objects, streams and file structure."""
