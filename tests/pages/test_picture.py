"""The sizes and ratios of drawings, by what their root says."""

import pytest

from ir_build.pages.picture import svg_ratio, svg_size

RATIOS = {
    "whole": ('viewBox="0 0 300 125"', (300, 125)),
    "small and broken": ('viewBox="0 0 30 12.5"', (240, 100)),
    "commas": ('viewBox="-1,-1, 400,200"', (400, 200)),
    "as large as what it stands in": (
        'width="100%" height="100%" viewBox="0 0 400 200"',
        (400, 200),
    ),
    "a size": ('width="40" height="20" viewBox="0 0 400 200"', (0, 0)),
    "one side": ('width="40" viewBox="0 0 400 200"', (0, 0)),
    "no ratio": ('viewBox="0 0 400 200" preserveAspectRatio="none"', (0, 0)),
    "a style": ('viewBox="0 0 400 200" style="width:9px"', (0, 0)),
    "nothing": ("", (0, 0)),
    "flat": ('viewBox="0 0 400 0"', (0, 0)),
    "three numbers": ('viewBox="0 0 400"', (0, 0)),
    "no number": ('viewBox="0 0 nan 9"', (0, 0)),
    "without end": ('viewBox="0 0 1e999 9"', (0, 0)),
    "words": ('viewBox="a b c d"', (0, 0)),
}


@pytest.mark.parametrize(("attributes", "ratio"), RATIOS.values(), ids=RATIOS)
def test_a_drawing_has_a_ratio_where_it_has_no_size(attributes, ratio):
    """In whole numbers; whatever else its root says, browsers may show it in another one."""
    data = f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><path d="M0 0"/></svg>'.encode()
    assert svg_ratio(data) == ratio
    assert (svg_size(data) != (0, 0)) is (attributes.startswith('width="40" h'))
