"""HTML pages of a built site: pictures get sizes, and smaller files for smaller screens.

Bytes are inserted, and no others change. What is inserted can be recognised, renewed and taken out again.
"""

#: raise it when other bytes are inserted into the same page
PAGES_VERSION = 2
