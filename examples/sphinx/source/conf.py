"""An example of a Sphinx project whose pictures and documents are optimised."""

project = "Field guide"
copyright = "the authors of ir-build"  # noqa: A001  (Sphinx calls it so)
version = "1"
extensions = ["sphinx_ir_build"]
epub_show_urls = "no"
