"""Screenshots."""

from playwright.sync_api import Error

_TRIES = 3


def screenshot(target, **how):
    """A screenshot of a page or an element, as PNG.

    On a busy machine Chromium may have nothing to copy from yet, and says so. It has a moment later.
    """
    for _ in range(_TRIES - 1):
        try:
            return target.screenshot(**how)
        except Error as error:
            if "Unable to capture screenshot" not in str(error):
                raise
    return target.screenshot(**how)
