"""The hosts and other entry points, each over a small site of the test's own."""
