"""Whether what a real browser shows stays the same."""
