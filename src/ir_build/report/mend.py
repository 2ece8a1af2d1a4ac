"""What makes a file smaller that is too large, or mends one that failed: by what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CorruptFile, NotWritten, Reason, Rejected, TooLarge, Unreadable, WorkerCrashed
from ..formats import MediaType
from ..outcome import Compressed, Failed, Kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..advice import Finding
    from ..outcome import Outcome

_BY_REASON = {
    Reason.ALREADY_OPTIMISED: "make it again from its original, with other settings",
    Reason.COMPRESSION_NONE: "set compression_type to lossless or lossy for it",
    Reason.UNSUPPORTED_VARIANT: "save it in a common form of its format, or in another format",
    Reason.UNSUPPORTED_FORMAT: "save it as PNG, JPEG, WebP or AVIF",
    Reason.MISSING_PACKAGE: "install the package",
    Reason.WOULD_CHANGE: "save it with fewer pixels, or in another format",
    Reason.NEEDS_REPAIR: "save it again with the program that made it",
    Reason.OVER_MAX_FILE_SIZE: "raise max_file_size, and it is compressed",
    Reason.OVER_TIMEOUT: "raise timeout, and it is tried again",
    Reason.OVER_MEMORY_LIMIT: "raise memory_limit, and it is tried again",
    Reason.SIGNED: "compress it before it is signed",
    Reason.ENCRYPTED: "compress it before it is encrypted",
    Reason.NOT_TAKEN: "set fallback or backend to local, and the built-in engine compresses it",
    Reason.OVER_QUOTA: "set fallback or backend to local, and the built-in engine compresses it",
    Reason.NOT_CACHED: "build the site once, and it is compressed",
    Reason.BACKEND_STOPPED: "set fallback or backend to local, and the built-in engine compresses it",
    Reason.LINK: "make the file smaller that it leads to, or exclude the link",
    Reason.LFS_POINTER: "fetch the file itself with `git lfs pull`",
}

_BY_ERROR = {
    CorruptFile.code: "replace it by a whole file, or exclude it",
    TooLarge.code: "save it with fewer pixels or pages, or raise max_pixels",
    Unreadable.code: "let this user read it, or exclude it",
    Rejected.code: "set fallback or backend to local, and the built-in engine compresses it",
    NotWritten.code: "make room in the output folder, and let this user write into it",
    WorkerCrashed.code: "run again with -v to see what was printed, or exclude it",
    "backend-error": "try again later, or set backend to local",
    "internal-error": "please report it; exclude it until it is mended",
}


def what_mends(outcome: Outcome, findings: Iterable[Finding] = ()) -> str:
    """What to do about `outcome`. The finding with the most bytes at stake knows best."""
    own = [one for one in findings if one.name == outcome.name and one.at_stake]
    if own:
        best = max(own, key=lambda one: one.at_stake)
        return f"{best.text}: {best.kind.mend}"
    match outcome:
        case Failed():
            return _BY_ERROR.get(outcome.code, "exclude it")
        case Kept() if outcome.reason in _BY_REASON:
            return _BY_REASON[outcome.reason]
        case Compressed(lossy=True):
            return f"{_smaller(outcome.media)}, or set a lower quality for it"
        case _:
            return f"{_smaller(outcome.media)}, or set compression_type to lossy where it is not"


def _smaller(media: MediaType | None) -> str:
    """How less of it is shown."""
    match media:
        case MediaType.SVG:
            return "draw it with fewer points"
        case MediaType.PDF:
            return "set a lower pdf_dpi"
        case _:
            return "set resize for it"
