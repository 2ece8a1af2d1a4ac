"""ir-build: every image and PDF of a site as small as it can be without looking different."""

__version__ = "0.1.0"
