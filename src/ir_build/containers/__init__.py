"""The containers of the formats: how files are divided into parts. One module reads and writes each.

Codecs, markers and the server use these modules. Verification (`verify`) has readers of its own. So a
fault here does not also hide from the checks.
"""
