"""Variants: smaller files in other formats and sizes that look like the picture."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ir_build import engine, values, verify
from ir_build.engine.avif import codec as avif
from ir_build.engine.avif import file as avif_file
from ir_build.errors import CorruptFile, FileSkipped, Reason
from ir_build.formats import MediaType, sniff
from ir_build.marker import is_marked
from ir_build.options import Compression, Effort, Options, Resize
from ir_build.quality import Reference
from ir_build.quality.coloured import ColouredPlaces
from ir_build.variant import Variant, Wanted
from pictures import encoded, exif_block, flat, grained, opened, photo, raw_png
from profiles import ADOBE, P3

FAST = Options(effort=Effort.FAST)
BOTH = (MediaType.AVIF, MediaType.WEBP)
SIZE = (300, 200)


def wanted(data, *, widths=(100, 150), formats=BOTH, **more):
    return Wanted(widths=widths, formats=formats, shipped=len(data), **more)


def made(data, media, *, options=FAST, shipped=None, **more):
    shipped = shipped or data
    return engine.make_variants(data, media, options, wanted(shipped, **more), shipped)


def refusals(data, media, variants, options=FAST, shipped=None):
    judged = [verify.verify_variant(data, one, media, options, shipped or data) for one in variants]
    return [verdict.detail for verdict in judged if not verdict.ok]


@pytest.fixture(scope="module")
def jpeg():
    """A photo as cameras save it."""
    return encoded(photo(SIZE, grid=(6, 8), seed=1, grey=3), "JPEG", quality=95)


@pytest.fixture(scope="module")
def soft():
    """A photo without grain, of which AVIF makes the smallest file."""
    return encoded(photo(SIZE, grid=(6, 8), seed=1), "JPEG", quality=95)


@pytest.fixture(scope="module")
def screenshot():
    """Lines of text and a few colours, as a program saves them."""
    page = Image.new("RGB", (420, 300), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 420, 30), fill=(30, 60, 120))
    for row in range(15):
        draw.text((16, 44 + 16 * row), "pip install what a page of text says " * 2, (40, 40, 46))
    return encoded(page, "PNG")


@pytest.mark.slow
def test_a_photo_gets_avif_and_webp_that_look_like_it(soft):
    """Each file reaches the score against the photo at its size, and keeps the colour of every place."""
    before = opened(soft).convert("RGB")
    variants = made(soft, MediaType.JPEG)
    (first, *narrower, last) = [(one.media, one.width) for one in variants]
    assert (first, last) == ((MediaType.AVIF, 300), (MediaType.WEBP, 300))
    assert narrower
    assert {*narrower} <= {(MediaType.AVIF, 150), (MediaType.AVIF, 102)}
    for one in variants:
        small = before.resize((one.width, one.height), Image.Resampling.LANCZOS)
        after = np.asarray(opened(one.data).convert("RGB"))
        assert sniff(one.data) is one.media
        assert Reference(np.asarray(small)).score(after) >= 80
        assert not ColouredPlaces(np.asarray(small), 80).damage(after)
    assert not refusals(soft, MediaType.JPEG, variants)


@pytest.mark.slow
@pytest.mark.parametrize("colour", [(36, 33, 28), (85, 82, 78)])
def test_greys_of_avif_keep_their_tint(colour):
    """The mean of each band stays within a level and a half, as it does not where an encoder rounds down."""
    grain = np.random.default_rng(3).normal(0, 4, (200, 240, 1))
    pixels = np.clip(np.array(colour) + grain, 0, 255).round().astype(np.uint8)
    data = encoded(pixels, "PNG")
    variants = made(data, MediaType.PNG, formats=(MediaType.AVIF,), widths=())
    after = np.asarray(opened(variants[0].data).convert("RGB"))
    assert np.abs(after.mean((0, 1)) - pixels.mean((0, 1))).max() < 1.5


def test_a_smaller_file_has_the_shape_of_the_picture(jpeg):
    """Of 300 x 200 pixels not 100 x 67 but 102 x 68: a page would else be some tenths of a pixel longer."""
    shapes = [(one.width, one.height) for one in made(jpeg, MediaType.JPEG, formats=())]
    assert shapes
    assert all(2 * width == 3 * height for width, height in shapes)


@pytest.mark.slow
def test_a_format_that_makes_larger_files_is_not_offered_before_a_smaller_one(jpeg):
    """Of a photo with grain WebP is smaller than AVIF, and browsers that know AVIF know WebP."""
    variants = made(jpeg, MediaType.JPEG)
    assert {one.media for one in variants} == {MediaType.WEBP}
    alone = made(jpeg, MediaType.JPEG, formats=(MediaType.AVIF,))
    assert len(alone[0].data) >= len(variants[0].data)


@pytest.mark.slow
def test_each_file_is_a_tenth_smaller_than_the_next_larger(jpeg):
    """In each format, from what is shipped down; and there are four files at most."""
    variants = made(jpeg, MediaType.JPEG, widths=(80, 110, 150, 200, 250))
    assert 2 <= len(variants) <= 4
    for media in {one.media for one in variants}:
        sizes = [len(jpeg), *(len(one.data) for one in variants if one.media is media)]
        assert all(10 * less <= 9 * more for more, less in pairwise(sizes))
        widths = [one.width for one in variants if one.media is media]
        assert widths == sorted(widths, reverse=True)
        assert widths[0] == 300


@pytest.mark.slow
@pytest.mark.parametrize("most", [0, 1, 2])
def test_no_more_files_than_are_wanted(jpeg, most):
    """All formats and widths together."""
    assert len(made(jpeg, MediaType.JPEG, most=most)) == most


@pytest.mark.slow
def test_what_saves_too_little_is_left_out(jpeg):
    """A photo that is shipped in few bytes gets no other format, only its own in fewer pixels."""
    few = encoded(opened(jpeg), "JPEG", quality=20)
    variants = made(jpeg, MediaType.JPEG, shipped=few)
    assert {one.media for one in variants} <= {MediaType.JPEG}


def test_without_formats_the_own_one_is_made_smaller(jpeg):
    """Only in fewer pixels: the whole picture is there."""
    variants = made(jpeg, MediaType.JPEG, formats=())
    assert [(one.media, one.width, one.height) for one in variants] == [
        (MediaType.JPEG, 150, 100),
        (MediaType.JPEG, 102, 68),
    ]
    assert not refusals(jpeg, MediaType.JPEG, variants)


@pytest.mark.slow
def test_a_screenshot_gets_what_is_shipped_as_webp(screenshot):
    """The same pixels in fewer bytes, where AVIF would take more for text."""
    shipped = engine.compress(screenshot, MediaType.PNG, Options()).data
    variants = made(screenshot, MediaType.PNG, options=Options(), shipped=shipped)
    whole = variants[0]
    assert whole.media is MediaType.WEBP
    before, after = (np.asarray(opened(one).convert("RGB")) for one in (shipped, whole.data))
    assert np.array_equal(before, after)
    assert not refusals(screenshot, MediaType.PNG, variants, Options(), shipped)


@pytest.mark.slow
def test_colours_that_matter_stay_at_full_resolution(screenshot):
    """AVIF stores colour at full resolution, so that coloured lines and letters hold."""
    part = np.asarray(opened(screenshot))[:120, :200]
    data = encoded(grained(part, np.random.default_rng(0), colour=6), "PNG")
    (whole,) = made(data, MediaType.PNG, formats=(MediaType.AVIF,), widths=())
    assert avif._subsampling(avif_file.read(whole.data)) == "4:4:4"


@pytest.mark.slow
@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_turned_photo_is_stored_upright(jpeg, orientation):
    """Its variants have the size and the look that browsers show."""
    block = exif_block({0x112: orientation})
    data = encoded(opened(jpeg), "JPEG", quality=95, exif=block)
    variants = made(data, MediaType.JPEG, widths=())
    upright = (200, 300) if orientation > 4 else SIZE
    assert variants
    assert {(one.width, one.height) for one in variants} == {upright}
    assert not refusals(data, MediaType.JPEG, variants)


@pytest.mark.slow
def test_a_picture_that_is_fitted_in_has_variants_of_that_size(jpeg):
    """None is larger than what is shipped, and all look like the original at their size."""
    options = replace(FAST, resize=Resize(height=151))
    shipped = engine.compress(jpeg, MediaType.JPEG, options).data
    size = opened(shipped).size
    variants = made(jpeg, MediaType.JPEG, options=options, shipped=shipped)
    assert variants
    assert max((one.width, one.height) for one in variants) <= size
    assert not refusals(jpeg, MediaType.JPEG, variants, options, shipped)


@pytest.mark.slow
@pytest.mark.parametrize("profile", [P3, ADOBE], ids=["P3", "Adobe"])
def test_other_colours_become_srgb(jpeg, profile):
    """No profile goes with a variant, and it shows the same colours."""
    data = encoded(opened(jpeg), "JPEG", quality=95, icc_profile=profile)
    variants = made(data, MediaType.JPEG, widths=())
    assert variants
    assert all("icc_profile" not in opened(one.data).info for one in variants)
    assert not refusals(data, MediaType.JPEG, variants)
    plain = made(jpeg, MediaType.JPEG, widths=())
    assert refusals(data, MediaType.JPEG, plain)


@pytest.mark.slow
def test_the_same_picture_gives_the_same_bytes(jpeg):
    """With a profile, too, whose conversion would leave the time."""
    data = encoded(opened(jpeg), "JPEG", quality=95, icc_profile=P3)
    assert made(data, MediaType.JPEG) == made(data, MediaType.JPEG)


@pytest.mark.slow
def test_a_later_run_leaves_them_alone(jpeg):
    """Every lossy variant carries the note."""
    variants = [*made(jpeg, MediaType.JPEG), *made(jpeg, MediaType.JPEG, formats=())]
    assert all(is_marked(one.data, one.media) for one in variants)


@pytest.mark.slow
@pytest.mark.parametrize("formats", [BOTH, (MediaType.WEBP,), ()], ids=["both", "webp", "own"])
def test_transparency_stays(formats):
    """On white and on black pages, in every format and size."""
    pixels = photo(SIZE, grid=(6, 8), seed=2, grey=4)
    alpha = np.clip(np.add.outer(np.arange(200), np.arange(300)) - 60, 0, 255)
    data = encoded(np.dstack([pixels, alpha.astype(np.uint8)]), "PNG")
    variants = made(data, MediaType.PNG, formats=formats)
    assert variants
    assert all(opened(one.data).convert("RGBA").getpixel((0, 0))[3] < 40 for one in variants)
    assert not refusals(data, MediaType.PNG, variants)


@pytest.mark.slow
def test_gamma_and_primaries_of_srgb_are_taken_at_their_word():
    """Browsers show a power, not sRGB's curve: up to nine levels darker in the shadows."""
    dark = (photo(SIZE, grid=(6, 8), seed=3, grey=2) // 6).astype(np.uint8)
    gamma = (b"gAMA", (45455).to_bytes(4, "big"))
    whites = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    primaries = (b"cHRM", b"".join(one.to_bytes(4, "big") for one in whites))
    data = raw_png(dark, 2, 8, [gamma, primaries])
    variants = made(data, MediaType.PNG, widths=())
    assert variants
    assert not refusals(data, MediaType.PNG, variants)
    # The light of each pixel, by both definitions.
    light = (dark / 255) ** 2.2
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    after = np.asarray(opened(variants[0].data).convert("RGB"), float)
    assert abs((after - coded).mean()) < 0.7
    assert abs((after - dark).mean()) > 2


def cmyk():
    return encoded(Image.new("CMYK", SIZE, (9, 99, 0, 0)), "JPEG", quality=100)


def deep():
    random = np.random.default_rng(0)
    return raw_png(random.integers(0, 65536, (90, 120, 3)), 2, 16)


def by_gamma():
    random = np.random.default_rng(0)
    samples = random.integers(0, 256, (90, 120, 3))
    return raw_png(samples, 2, 8, [(b"gAMA", (100_000).to_bytes(4, "big"))])


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (flat((400, 40)), MediaType.PNG),
        (cmyk(), MediaType.JPEG),
        (deep(), MediaType.PNG),
        (by_gamma(), MediaType.PNG),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", MediaType.SVG),
    ],
    ids=["small", "four colours", "16 bits", "gamma", "svg"],
)
def test_what_cannot_be_promised_gets_none(data, media):
    """Pictures that cannot be scored, or whose colours cannot be computed at 8 bits."""
    assert made(data, media) == ()


def test_without_loss_there_are_none_with_loss(jpeg):
    """Who asks for lossless files gets no variant that loses anything."""
    for compression in (Compression.LOSSLESS, Compression.NONE):
        options = replace(FAST, compression_type=compression)
        assert made(jpeg, MediaType.JPEG, options=options) == ()


def test_a_broken_picture_is_said_to_be_broken(jpeg):
    """As it is without variants."""
    with pytest.raises(CorruptFile):
        made(jpeg[: len(jpeg) // 2], MediaType.JPEG)


def test_wanted_and_variants_survive_being_sent():
    """Both are the same after they were text; anything that differs is in the text."""
    one = Wanted(widths=(480, 1024), formats=BOTH, shipped=1000)
    assert Wanted.from_json(one.to_json()) == one
    others = [
        replace(one, widths=(480,)),
        replace(one, formats=BOTH[::-1]),
        replace(one, shipped=1001),
        replace(one, most=3),
        replace(one, smaller=0.2),
        replace(one, still=True),
    ]
    assert len({other.to_json() for other in (one, *others)}) == 7
    variant = Variant(media=MediaType.WEBP, width=3, height=2, data=b"x", still=True)
    assert Variant.from_json(variant.to_json(), b"x") == variant


@pytest.mark.skipif(find_spec("pylibjxl") is None, reason="no wheel of pylibjxl here")
class TestJpegXl:
    """A JPEG that comes back bit for bit."""

    def test_it_comes_back(self, jpeg):
        """It is smaller than what is shipped, and a decoder gets that back."""
        import pylibjxl

        (one,) = made(jpeg, MediaType.JPEG, formats=(MediaType.JPEG_XL,), widths=())
        assert pylibjxl.jxl_to_jpeg(one.data) == jpeg
        assert 10 * len(one.data) <= 9 * len(jpeg)
        assert (one.media, one.width, one.height) == (MediaType.JPEG_XL, *SIZE)
        assert not refusals(jpeg, MediaType.JPEG, [one])

    def test_of_another_jpeg_it_is_refused(self, jpeg):
        """Another one that comes back is not what was verified."""
        (one,) = made(jpeg, MediaType.JPEG, formats=(MediaType.JPEG_XL,), widths=())
        other = encoded(opened(jpeg), "JPEG", quality=90)
        assert refusals(jpeg, MediaType.JPEG, [one], shipped=other) == [
            "another JPEG comes back from it"
        ]
        cut = replace(one, data=one.data[: len(one.data) // 2])
        assert refusals(jpeg, MediaType.JPEG, [cut]) == ["no JPEG comes back from it"]

    @pytest.mark.slow
    def test_it_is_only_offered_where_it_is_the_smallest(self, soft):
        """Whoever shows it shows AVIF as well, which is smaller here."""
        formats = (MediaType.JPEG_XL, *BOTH)
        media = [one.media for one in made(soft, MediaType.JPEG, formats=formats)]
        assert MediaType.AVIF in media
        assert MediaType.JPEG_XL not in media

    def test_lossless_files_may_have_it(self, jpeg):
        """Nothing is lost by it."""
        options = replace(FAST, compression_type=Compression.LOSSLESS)
        formats = (MediaType.AVIF, MediaType.JPEG_XL)
        (one,) = made(jpeg, MediaType.JPEG, options=options, formats=formats)
        assert one.media is MediaType.JPEG_XL

    def test_where_it_is_installed_nothing_is_asked_for(self):
        """The setting is taken."""
        assert values.pages({"formats": ["jxl"]}).formats == (MediaType.JPEG_XL,)


def test_without_the_package_of_jpeg_xl_the_setting_is_refused(jpeg, monkeypatch):
    """With what to install; an engine that is asked all the same says so, too."""
    monkeypatch.setitem(sys.modules, "pylibjxl", None)
    with pytest.raises(ValueError, match=r'pip install "ir-build\[jxl\]"'):
        values.pages({"formats": ["jxl"]})
    with pytest.raises(FileSkipped, match="pylibjxl") as caught:
        made(jpeg, MediaType.JPEG, formats=(MediaType.JPEG_XL,), widths=())
    assert caught.value.reason is Reason.MISSING_PACKAGE
