"""Whoever made it, a lossy picture that looks worse anywhere is not used."""

import numpy as np
import pytest
from PIL import Image

from ir_build.candidate import Candidate
from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.verify import verify
from pictures import animated, encoded

KINDS = {
    "PNG": {},
    "GIF": {},
    "JPEG": {"quality": 97, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 98, "subsampling": "4:4:4", "speed": 10},
}


def page(width=900, height=600):
    """A page of one colour, which weighs most in any mean over the picture."""
    return np.full((height, width, 3), (250, 250, 247), np.uint8)


def verdict(before, after, kind, quality=80, **options):
    """What is said of `after`, both given as pixels."""
    one, other = (encoded(pixels, kind, **KINDS[kind], **options) for pixels in (before, after))
    media = MediaType(kind.lower())
    return verify(one, Candidate(other, lossy=True), media, Options(quality=quality))


@pytest.mark.parametrize("kind", KINDS)
def test_a_small_thing_that_loses_its_colour(kind):
    """A status dot that turned grey is seen on a large page, in every format."""
    before, after = page(), page()
    before[304:320, 400:416] = 220, 40, 40
    after[304:320, 400:416] = 150, 90, 90
    assert verdict(before, before, kind).ok
    found = verdict(before, after, kind)
    assert not found.ok
    assert "a colour moved at 400, 304" in found.detail


@pytest.mark.slow
def test_a_part_that_looks_worse():
    """A photo on a large page is judged by itself: the mean over the page forgives nothing."""
    rng = np.random.default_rng(1)
    before = page(2400, 2400)
    photo = rng.normal(0, 30, (256, 256)).cumsum(0).cumsum(1)
    photo = np.interp(photo, (photo.min(), photo.max()), (20, 235)) + rng.normal(0, 12, photo.shape)
    before[512:768, 512:768] = np.clip(photo, 0, 255)[..., None]
    part = Image.fromarray(before[512:768, 512:768])
    after = before.copy()
    after[512:768, 512:768] = Image.blend(part, part.reduce(2).resize(part.size), 0.8)
    found = verdict(before, after, "WEBP")
    assert not found.ok
    assert "a part looks worse" in found.detail
    assert verdict(before, after, "WEBP", quality=30).ok


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_a_frame_that_looks_worse(kind):
    """One frame of an animation whose colour moved is named."""
    frames = [page(300, 200) for _ in range(4)]
    for number, frame in enumerate(frames):
        frame[50:90, 40 * number : 40 * number + 30] = 30, 120, 60
    worse = [frame.copy() for frame in frames]
    worse[2][50:90, 80:110] = 70, 110, 90

    one, other = (
        animated(map(Image.fromarray, pictures), kind, duration=100, **KINDS[kind])
        for pictures in (frames, worse)
    )
    media = MediaType(kind.lower())
    assert verify(one, Candidate(one, lossy=True), media, Options()).ok
    found = verify(one, Candidate(other, lossy=True), media, Options())
    assert not found.ok
    assert "frame 3" in found.detail


def test_a_dark_page_counts():
    """What only shows on a black page is seen."""
    shape = np.zeros((200, 300, 4), np.uint8)
    shape[60:140, 100:200] = 0, 0, 0, 255
    lighter = shape.copy()
    lighter[20:50, 40:260] = 90, 90, 90, 40
    assert not verdict(shape, lighter, "PNG").ok


def test_a_picture_too_small_to_score_keeps_its_places():
    """Icons have no score, but colours."""
    icon = np.full((32, 32, 3), (40, 189, 149), np.uint8)
    other = np.full((32, 32, 3), (37, 178, 163), np.uint8)
    assert verdict(icon, icon, "PNG").ok
    assert not verdict(icon, other, "PNG").ok
