"""One run: files are found, planned, compressed, cached and put in place."""
