"""GIF: the same frames at the same times, in fewer bytes."""

from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageSequence

from ir_build.engine import gif, giffile
from ir_build.errors import CorruptFile, LeftAlone, TooLarge
from ir_build.options import Options


def frame(number, size=(90, 60)):
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((number * 3, 10, number * 3 + 20, 40), fill=(200, 20, number * 9))
    draw.line((0, 0, *size), fill="navy")
    return image


def saved(frames=1, **options):
    first, *rest = [frame(number) for number in range(frames)]
    buffer = BytesIO()
    first.save(buffer, "gif", save_all=frames > 1, append_images=rest, **options)
    return buffer.getvalue()


def shown(data):
    """Every frame as it is shown, with its delay and what becomes of it, and the loop."""
    with Image.open(BytesIO(data)) as image:
        return image.info.get("loop"), [
            (one.convert("RGBA").tobytes(), one.info.get("duration"), image.disposal_method)
            for one in ImageSequence.Iterator(image)
        ]


def uncompressed(data):
    """The file with a clear code before every pixel: valid, and as long as can be."""
    file = giffile.parse(data)
    frames = []
    for one in file.frames:
        image = Image.open(BytesIO(data))
        codes, bits, filled = bytearray(), 0, 0
        for value in [*(code for pixel in image.tobytes() for code in (256, pixel)), 257]:
            bits |= value << filled
            filled += 9
            while filled >= 8:
                codes.append(bits & 255)
                bits >>= 8
                filled -= 8
        codes.append(bits)
        table = one.table
        frames.append(giffile.Frame(one.control, 0, 0, *image.size, False, table, 8, bytes(codes)))
    return file.encode(tuple(frames))


def test_a_still_picture_gets_a_better_coding():
    """The pixels are the same, the codes are fewer."""
    data = uncompressed(saved())
    candidate = gif.compress(data, Options())
    assert not candidate.lossy
    assert len(candidate.data) < len(data) / 3
    assert shown(candidate.data) == shown(data)


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
@pytest.mark.parametrize("options", [{"loop": 0}, {"loop": 3}, {}])
def test_an_animation_stays_what_it_is(disposal, options):
    """Frames, delays, disposal and loop are exactly the original's."""
    data = saved(8, duration=[40, 50, 60, 70, 80, 90, 100, 110], disposal=disposal, **options)
    candidate = gif.compress(data, Options())
    assert len(candidate.data) <= len(data)
    assert shown(candidate.data) == shown(data)


def test_comments_go_and_loops_stay():
    """A comment is stripped and mentioned."""
    data = saved(3, comment=b"made by an editor" * 20, loop=0)
    candidate = gif.compress(data, Options())
    assert candidate.notes == ("stripped comment",)
    assert b"editor" not in candidate.data
    assert shown(candidate.data) == shown(data)


BROKEN = {
    "before its trailer": lambda data: data[:-1],
    "middle": lambda data: data[: len(data) // 2],
    "no picture": lambda data: data[:13] + data[13 : 13 + 3 * 2 ** ((data[10] & 7) + 1)] + b"\x3b",
    "before the picture": lambda data: data[:10],
}


@pytest.mark.parametrize("hint", BROKEN)
def test_a_broken_file_is_corrupt(hint):
    """A truncated or empty file is reported."""
    with pytest.raises(CorruptFile, match=hint):
        gif.compress(BROKEN[hint](saved()), Options())


def test_a_file_behind_the_picture_is_left_whole():
    """Bytes after the end may be another file."""
    with pytest.raises(LeftAlone, match="after the picture"):
        gif.compress(saved() + b"PK\3\4", Options())


def test_bombs_do_not_go_off():
    """Too many pixels, too many frames, or too much of both."""
    with pytest.raises(TooLarge):
        gif.compress(saved(), Options(max_pixels=100))
    file = giffile.parse(saved())
    with pytest.raises(TooLarge):
        gif.compress(file.encode(file.frames * 20_001), Options())
    wide = file.header[:6] + (9000).to_bytes(2, "little") * 2 + file.header[10:]
    many = giffile.GifFile(wide, 9000, 9000, file.table, file.frames, b"", ()).encode(
        file.frames * 60
    )
    with pytest.raises(TooLarge, match="60 frames"):
        gif.compress(many, Options())


def test_twice_is_once():
    """A second run changes nothing."""
    once = gif.compress(uncompressed(saved()), Options()).data
    assert gif.compress(once, Options()).data == once
