"""Real servers for tests and benchmarks: PostgreSQL and an S3-compatible store, on loopback."""
