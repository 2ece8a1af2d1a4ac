"""Uploads, and what is kept of them."""
