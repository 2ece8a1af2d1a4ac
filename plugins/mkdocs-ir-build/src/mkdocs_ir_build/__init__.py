"""The MkDocs and ProperDocs plugin of ir-build."""
