"""The table of formats: every entry is whole, and what it names is there."""

from importlib import import_module

import pytest

import ir_build
from ir_build.errors import FileSkipped, Reason
from ir_build.formats import COMPRESSIBLE, FORMATS, MediaType, dimensions, sniff

JXL_CODESTREAM = b"\xff\x0a\x41\x40\x50\x3c" + bytes(64)
JXL_CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x14ftypjxl \0\0\0\0jxl " + bytes(64)


@pytest.mark.parametrize("media", COMPRESSIBLE)
def test_what_the_table_names_is_there(media):
    """A format that is compressed has a codec, a marker and a verifier, each with its functions."""
    known = FORMATS[media]
    assert known.verifier is not None
    assert callable(import_module(known.codec).compress)
    assert callable(import_module(known.verifier).verify)
    marker = import_module(known.marker)
    assert callable(marker.mark)
    assert callable(marker.is_marked)
    if known.header is not None:
        assert callable(import_module(known.header).dimensions)


def test_no_two_formats_claim_the_same():
    """Suffixes and MIME types tell the formats apart."""
    suffixes = [suffix for known in FORMATS.values() for suffix in known.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)
    assert len({known.mime for known in FORMATS.values()}) == len(MediaType)


@pytest.mark.parametrize("data", [JXL_CODESTREAM, JXL_CONTAINER])
def test_jpeg_xl_is_recognised_reported_and_left_as_it_is(data, tmp_path):
    """A format without a codec is named in the report with its reason, and its bytes stay."""
    assert sniff(data) is MediaType.JPEG_XL
    assert dimensions(data, MediaType.JPEG_XL) == (0, 0)
    file = tmp_path / "site" / "a.jxl"
    file.parent.mkdir()
    file.write_bytes(data)
    report = ir_build.optimize(file.parent, cache_dir=str(tmp_path / "cache"), strict=True)
    assert [kept.reason for kept in report.kept] == [Reason.UNSUPPORTED_FORMAT]
    assert not report.failed
    assert file.read_bytes() == data


def test_the_engine_skips_a_format_without_a_codec():
    """Whoever asks the engine for it gets the same reason."""
    from ir_build import engine
    from ir_build.options import Options

    with pytest.raises(FileSkipped) as skipped:
        engine.compress(JXL_CODESTREAM, MediaType.JPEG_XL, Options())
    assert skipped.value.reason is Reason.UNSUPPORTED_FORMAT


def test_settings_of_a_format_without_a_codec_are_refused():
    """It cannot be compressed, so there is nothing to set for it."""
    from ir_build.errors import ConfigError

    with pytest.raises(
        ConfigError, match="'jxl' is not one of jpeg, png, gif, webp, avif, svg, pdf"
    ):
        ir_build.optimize(compression_type={"jxl": "lossless"})
