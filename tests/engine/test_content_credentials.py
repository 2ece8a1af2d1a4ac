"""Content credentials (C2PA): the signature covers every byte, so a file with them stays whole."""

import base64
import io
import subprocess
import sys
from io import BytesIO

import numpy as np
import pikepdf
import pytest
from PIL import Image

from ir_build import engine
from ir_build.candidate import Candidate
from ir_build.containers import riff
from ir_build.containers.jpeg_segments import Segment
from ir_build.containers.png_chunks import PngChunk
from ir_build.errors import FileSkipped, Reason
from ir_build.formats import MediaType
from ir_build.options import Compression, Options, Resize
from ir_build.verify import verify

_UUID = bytes.fromhex("6332706100110010800000aa00389b71")


def box(kind, content):
    return (len(content) + 8).to_bytes(4, "big") + kind + content


#: a manifest store of no content (C2PA specification, 11.1)
STORE = box(b"jumb", box(b"jumd", _UUID + b"\3c2pa\0") + box(b"free", b"signed" * 20))


def saved(kind, **options):
    across = np.mgrid[:80, :96][1]
    pixels = (across[..., None] * 2 + np.random.default_rng(1).normal(0, 5, (80, 96, 3))).clip(0)
    buffer = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(store=STORE):
    data = saved("JPEG", quality=98)
    # Common identifier, box instance, packet number (ISO/IEC 19566-5, annex D).
    return data[:2] + Segment(0xEB, b"JP\0\1\0\0\0\1" + store).encode() + data[2:]


def png():
    data = saved("PNG", compress_level=1)
    return data[:33] + PngChunk(b"caBX", STORE).encode() + data[33:]


def webp():
    first, *rest = riff.read(saved("WEBP", quality=98, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"))
    return riff.write([first, *rest, riff.RiffChunk(b"C2PA", STORE)])


def gif():
    data = saved("GIF")
    blocks = b"\x21\xff\x0bC2PA_GIF\1\0\0" + bytes((len(STORE),)) + STORE + b"\0"
    at = 13 + (3 << (data[10] & 7) + 1)
    return b"GIF89a" + data[6:at] + blocks + data[at:]


def avif():
    data = saved("AVIF", quality=95, speed=8)
    uuid = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
    return data + box(b"uuid", uuid + bytes(4) + b"manifest\0" + bytes(8) + STORE)


def svg():
    coded = base64.b64encode(STORE).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="64.0" height="64.0"><metadata>'
        f'<c2pa:manifest xmlns:c2pa="http://c2pa.org/manifest">{coded}</c2pa:manifest></metadata>'
        '<rect x="0.0" y="0.0" width="32.00" height="32.00"/></svg>'
    ).encode()


def pdf():
    document = pikepdf.new()
    document.add_blank_page()
    spec = pikepdf.AttachedFileSpec(document, STORE, filename="manifest.c2pa")
    spec.obj.AFRelationship = pikepdf.Name.C2PA_Manifest
    document.Root.AF = document.make_indirect(pikepdf.Array([spec.obj]))
    buffer = io.BytesIO()
    document.save(buffer, compress_streams=False)
    return buffer.getvalue()


SIGNED = {
    MediaType.JPEG: jpeg(),
    MediaType.PNG: png(),
    MediaType.WEBP: webp(),
    MediaType.GIF: gif(),
    MediaType.AVIF: avif(),
    MediaType.SVG: svg(),
    MediaType.PDF: pdf(),
}


@pytest.mark.parametrize("compression", [Compression.LOSSLESS, Compression.LOSSY])
@pytest.mark.parametrize("media", SIGNED)
def test_a_signed_file_is_skipped_for_its_signature(media, compression):
    """Whatever is asked for, resizing included, in every format that has a place for a manifest."""
    for resize in (None, Resize(width=32)):
        options = Options(compression_type=compression, resize=resize)
        with pytest.raises(FileSkipped) as left:
            engine.compress(SIGNED[media], media, options)
        assert left.value.reason is Reason.SIGNED


@pytest.mark.parametrize("media", [one for one in SIGNED if one is not MediaType.PDF])
def test_what_a_server_makes_of_one_is_refused(media):
    """Whoever compresses: a changed file with the signature, or without it, is not shipped."""
    without = {
        MediaType.JPEG: saved("JPEG", quality=90),
        MediaType.PNG: saved("PNG"),
        MediaType.WEBP: saved("WEBP", quality=90),
        MediaType.GIF: saved("GIF"),
        MediaType.AVIF: saved("AVIF", quality=90),
        MediaType.SVG: SIGNED[MediaType.SVG].replace(b"64.0", b"64"),
    }[media]
    verdict = verify(SIGNED[media], Candidate(without, lossy=True), media, Options())
    assert not verdict.ok
    assert "C2PA" in verdict.detail
    assert verify(SIGNED[media], Candidate(SIGNED[media], lossy=False), media, Options()).ok


def test_other_boxes_in_the_same_place_sign_nothing():
    """JUMBF holds other things, too: those go with the rest of the metadata."""
    other = STORE.replace(_UUID, bytes(16)).replace(b"c2pa", b"else")
    made = engine.compress(jpeg(other), MediaType.JPEG, Options())
    assert "stripped JUMBF" in made.notes
    assert b"signed" not in made.data


def test_the_report_says_why(tmp_path):
    """In place, by the command: the file stays byte for byte, and the reason is there to read."""
    for media, data in SIGNED.items():
        (tmp_path / f"signed.{media}").write_bytes(data)
    command = [sys.executable, "-m", "ir_build", "optimize", "-v", "--strict", str(tmp_path)]
    command += ["--cache-dir", str(tmp_path / "cache"), "--compression-type", "lossy"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.count("signed: any change would break the signature") >= len(SIGNED)
    for media, data in SIGNED.items():
        assert (tmp_path / f"signed.{media}").read_bytes() == data
