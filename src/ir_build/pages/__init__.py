"""Pages: what a built site loads for its pictures."""
