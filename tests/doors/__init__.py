"""The doors by which a user comes in, each over a small site of the test's own."""
