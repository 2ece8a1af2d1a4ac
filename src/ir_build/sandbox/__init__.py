"""Runs codecs and checks on hostile input in worker processes."""
