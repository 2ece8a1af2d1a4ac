"""One run: what is found, planned, compressed, cached and put in place."""
