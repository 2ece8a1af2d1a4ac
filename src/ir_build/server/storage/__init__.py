"""Objects, rows, and files on their way in."""
