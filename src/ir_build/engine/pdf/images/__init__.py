"""Images in a PDF."""
