"""ICC profiles that change what a browser shows, made from their numbers (ICC.1:2001-04)."""

from PIL import ImageCms

_DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
_ADOBE_RGB = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
_WHITE = (0.9642, 1.0, 0.8249)


def _fixed(value):
    return round(value * 65536).to_bytes(4, "big", signed=True)


def _xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _gamma(value):
    return b"curv\0\0\0\0\0\0\0\1" + round(value * 256).to_bytes(2, "big") + b"\0\0"


def _text(kind, words):
    data = words.encode() + b"\0"
    if kind == b"text":
        return b"text\0\0\0\0" + data
    return b"desc\0\0\0\0" + len(data).to_bytes(4, "big") + data + bytes(12 + 67)


def _profile(space, tags):
    tags = {
        b"desc": _text(b"desc", "made for a test"),
        b"cprt": _text(b"text", "none"),
        b"wtpt": _xyz(_WHITE),
        **tags,
    }
    at = 132 + 12 * len(tags)
    table, bodies = len(tags).to_bytes(4, "big"), b""
    for name, body in tags.items():
        table += name + (at + len(bodies)).to_bytes(4, "big") + len(body).to_bytes(4, "big")
        bodies += body + bytes(-len(body) % 4)
    size = at + len(bodies)
    header = size.to_bytes(4, "big") + bytes(4) + b"\2\x10\0\0mntr" + space + b"XYZ "
    header += bytes((7, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0)) + b"acsp"
    header += bytes(68 - len(header)) + b"".join(map(_fixed, _WHITE))
    return header.ljust(128, b"\0") + table + bodies


def coloured(primaries, gamma):
    """A profile of three primaries, as XYZ under D50, and one gamma."""
    tags = {}
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = _xyz(primary)
        tags[bytes([letter]) + b"TRC"] = _gamma(gamma)
    return _profile(b"RGB ", tags)


# made once: such a profile holds the second it was made in
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
P3 = coloured(_DISPLAY_P3, 2.2)
ADOBE = coloured(_ADOBE_RGB, 2.2)
SWAPPED = coloured((_ADOBE_RGB[2], _ADOBE_RGB[1], _ADOBE_RGB[0]), 2.2)
GREY = _profile(b"GRAY", {b"kTRC": _gamma(1.4)})

PROFILES = {"none": None, "sRGB": SRGB, "P3": P3, "Adobe": ADOBE, "swapped": SWAPPED}


def exchanged(one=b"r", other=b"b"):
    """sRGB with two of its primaries exchanged: red and blue unless told otherwise."""
    profile = bytearray(SRGB)
    places = [profile.find(letter + b"XYZ") for letter in (one, other)]
    for place, letter in zip(places, (other, one), strict=True):
        profile[place : place + 1] = letter
    return bytes(profile)


def grey(gamma):
    """A profile for grey pictures of one gamma."""
    return _profile(b"GRAY", {b"kTRC": _gamma(gamma)})


def linear():
    """sRGB's primaries without its gamma: middle grey is 55, and not 128."""
    return coloured(
        ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)), 1.0
    )
