"""How files of the formats are put together: one module reads and writes each container.

Codecs, markers and the server stand on these. Verification has readers of its own (`verify`), so
that a fault here is not shared by what checks the results.
"""
