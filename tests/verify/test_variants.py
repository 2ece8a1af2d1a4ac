"""A variant that does not show its original is turned down, whoever made it."""

import numpy as np
import pytest
from PIL import Image

from ir_build.formats import MediaType
from ir_build.options import Options
from ir_build.variant import Variant
from ir_build.verify import verify_variant
from pictures import animated, encoded, exif_block, opened, photo, raw_png
from profiles import P3

SIZE = (240, 160)
PIXELS = photo(SIZE, grid=(5, 6), seed=4, grey=2)
ORIGINAL = encoded(PIXELS, "PNG")


def reduced(size, image=None):
    return (image or Image.fromarray(PIXELS)).resize(size, Image.Resampling.LANCZOS)


def variant(image, kind="WEBP", size=None, **options):
    options = {"quality": 95, **options}
    width, height = size or image.size
    media = MediaType(kind.lower())
    return Variant(media=media, width=width, height=height, data=encoded(image, kind, **options))


def refusal(one, original=ORIGINAL, media=MediaType.PNG):
    return verify_variant(original, one, media, Options(), original).detail


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "PNG"])
@pytest.mark.parametrize("size", [SIZE, (121, 81), (101, 67)], ids=str)
def test_what_looks_the_same_is_taken(kind, size):
    """In each format and size, heights rounded either way."""
    assert not refusal(variant(reduced(size), kind))


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (variant(Image.fromarray(PIXELS[:, ::-1])), "another picture"),
        (variant(reduced(SIZE), quality=5), "it looks worse"),
        (variant(reduced((120, 82))), "240 x 160 pixels became 120 x 82"),
        (variant(reduced((480, 320))), "240 x 160 pixels became 480 x 320"),
        (variant(reduced((120, 80)), size=(60, 40)), "it has 120 x 80 pixels"),
        (variant(reduced((120, 80)), icc_profile=P3), "its colours are not in sRGB"),
        (variant(reduced((120, 80)), exif=exif_block({0x112: 3})), "it is turned or stretched"),
        (variant(reduced((120, 80)).convert("L").convert("RGB")), ""),
    ],
    ids=["mirrored", "coarse", "aspect", "enlarged", "told", "profile", "turned", "grey"],
)
def test_what_does_not_is_refused(one, why):
    """With the reason."""
    assert refusal(one).startswith(why)
    assert refusal(one)


def test_a_file_of_another_format_is_refused():
    """Its name would make a browser skip it."""
    one = variant(reduced(SIZE), "PNG")
    lies = Variant(media=MediaType.AVIF, width=one.width, height=one.height, data=one.data)
    assert refusal(lies) == "avif became png"
    cut = variant(reduced(SIZE))
    cut = Variant(media=cut.media, width=cut.width, height=cut.height, data=cut.data[:900])
    assert refusal(cut).startswith("the new file ")


def test_several_frames_of_one_picture_are_refused():
    """A still does not move."""
    data = encoded(
        reduced((120, 80)), "WEBP", save_all=True, append_images=[Image.new("RGB", (120, 80))]
    )
    one = Variant(media=MediaType.WEBP, width=120, height=80, data=data)
    assert refusal(one) == "one frame became 2"


def test_a_still_of_an_animation_is_refused():
    """Nobody asked for it."""
    original = animated([reduced(SIZE), reduced(SIZE).rotate(180)], "PNG")
    assert refusal(variant(reduced(SIZE)), original) == "2 frames became one"


def test_lost_transparency_is_refused():
    """A browser would show a box."""
    alpha = np.clip(np.add.outer(np.arange(160), np.arange(240)) - 90, 0, 255).astype(np.uint8)
    original = encoded(np.dstack([PIXELS, alpha]), "PNG")
    clear = opened(original).resize((120, 80))
    assert refusal(variant(clear.convert("RGB")), original) == "transparency was lost"


@pytest.mark.parametrize(
    ("original", "media"),
    [
        (encoded(Image.new("CMYK", SIZE, (9, 99, 0, 0)), "JPEG"), MediaType.JPEG),
        (raw_png(np.full((160, 240, 3), 40_000), 2, 16), MediaType.PNG),
        (raw_png(PIXELS, 2, 8, [(b"gAMA", (100_000).to_bytes(4, "big"))]), MediaType.PNG),
        (raw_png(PIXELS, 2, 8, [(b"cICP", bytes((9, 16, 0, 1)))]), MediaType.PNG),
    ],
    ids=["four colours", "16 bits", "gamma", "HDR"],
)
def test_what_cannot_be_compared_is_refused(original, media):
    """A variant of 8 bits in sRGB may lose what nobody here can see."""
    one = variant(opened(original).convert("RGB"))
    assert refusal(one, original, media).startswith("nothing here can tell")


def test_a_turned_original_is_compared_upright():
    """As a browser shows it."""
    block = exif_block({0x112: 6})
    original = encoded(PIXELS, "JPEG", quality=95, exif=block)
    upright = opened(original).convert("RGB").transpose(Image.Transpose.ROTATE_270)
    media = MediaType.JPEG
    assert not refusal(variant(reduced((80, 120), upright)), original, media)
    assert refusal(variant(reduced((120, 80))), original, media)
