"""Fonts that a PDF embeds."""
