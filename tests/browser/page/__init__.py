"""The server's web page, in a real browser."""
