"""Files fetched for URL uploads."""
