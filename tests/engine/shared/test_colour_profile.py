"""Colour profiles: one that changes nothing may go, any other stays."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from ir_build.engine.shared import colour_profile
from profiles import SRGB, exchanged


def with_gamma(gamma):
    """sRGB's primaries with a plain power as its curve."""
    profile = bytearray(SRGB)
    entry = profile.find(b"rTRC")
    at = int.from_bytes(profile[entry + 4 : entry + 8], "big")
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big")
    profile[at : at + len(curve)] = curve
    return bytes(profile)


def with_table(changed):
    """sRGB with its curve as a table of 1024 numbers, some of which may be `changed`."""
    x = np.arange(1024) / 1023
    curve = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4) * 65535
    for at, value in changed.items():
        curve[at] = value
    table = b"curv" + bytes(4) + (1024).to_bytes(4, "big") + curve.round().astype(">u2").tobytes()
    profile = bytearray(SRGB + bytes(-len(SRGB) % 4) + table)
    place = (len(profile) - len(table)).to_bytes(4, "big") + len(table).to_bytes(4, "big")
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        entry = profile.find(name)
        profile[entry + 4 : entry + 12] = place
    profile[:4] = len(profile).to_bytes(4, "big")
    return bytes(profile)


def test_a_curve_counts_at_every_level():
    """One number that is off shows in all pixels of that level."""
    assert colour_profile.is_srgb(with_table({}))
    assert not colour_profile.is_srgb(with_table(dict.fromkeys(range(338, 344), 0)))


def test_srgb_is_srgb():
    """What says only what is assumed anyway makes no difference."""
    assert colour_profile.is_srgb(SRGB)


@pytest.mark.parametrize(
    "profile", [exchanged(), with_gamma(1.0), with_gamma(1.8), with_gamma(2.2)]
)
def test_other_primaries_and_curves_are_not(profile):
    """Even a gamma of 2.2 differs from sRGB where it is dark."""
    assert not colour_profile.is_srgb(profile)


@pytest.mark.parametrize(
    "profile",
    [b"", b"x" * 200, SRGB[:100], SRGB[:-100], bytes(len(SRGB)), SRGB[:132] + b"\xff" * 4],
    ids=["empty", "no profile", "head only", "no end", "zeros", "too many tags"],
)
def test_damaged_profiles_have_to_stay(profile):
    """What cannot be understood is neither sRGB nor applied."""
    if profile != SRGB[:-100]:
        assert not colour_profile.is_srgb(profile)
    assert isinstance(colour_profile.is_srgb(profile), bool)


def test_other_spaces_have_to_stay():
    """A profile for Lab or CMYK pictures says nothing about one in RGB."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert not colour_profile.is_srgb(lab)
    assert colour_profile.to_srgb(Image.new("CMYK", (2, 2)), SRGB) is None


def test_conversion_shows_the_same_colours():
    """With red and blue exchanged by the profile, they are exchanged in the pixels."""
    image = Image.new("RGB", (4, 4), (200, 30, 90))
    converted = np.asarray(colour_profile.to_srgb(image, exchanged()), int)
    assert converted[0, 0, 2] > converted[0, 0, 0]
    unchanged = np.asarray(colour_profile.to_srgb(image, SRGB), int)
    assert np.abs(unchanged - np.asarray(image, int)).max() <= 2


def test_conversion_keeps_alpha():
    """Transparency is no colour."""
    image = Image.new("RGBA", (4, 4), (200, 30, 90, 77))
    assert colour_profile.to_srgb(image, exchanged()).getchannel("A").getextrema() == (77, 77)
