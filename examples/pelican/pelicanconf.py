"""An example of a Pelican blog whose pictures are optimised."""

SITENAME = "Field notes"
AUTHOR = "the authors of ir-build"
TIMEZONE = "UTC"
PATH = "content"
OUTPUT_PATH = "public"
STATIC_PATHS = ["img"]
THEME = "simple"
PLUGINS = ["ir_build"]
FEED_ALL_ATOM = CATEGORY_FEED_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = None
AUTHOR_FEED_RSS = None
