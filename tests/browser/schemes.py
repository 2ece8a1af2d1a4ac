"""Which rules of axe a page is held to under each scheme of colours."""

#: Nothing but its colours differs in the dark.
SCHEMES = [
    ("light", None),
    ("dark", {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}),
]
