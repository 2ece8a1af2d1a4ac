"""Every error ir-build raises, and every reason it gives for leaving a file alone.

IrBuildError
  ConfigError(where, key, reason)
  InputError                         one file: it is reported and shipped as it was
    CorruptFile, TooLarge
    Unreadable                       an OSError, too
      Changed
    NotWritten                       its copy is missing from the output
    WorkerCrashed                    the codec died on this file
    LimitMet(reason, detail, limit)  a build skips it, for as long as the limit is no higher
      OverTimeout, OverMemoryLimit
  FileSkipped(reason, detail)        not a fault: the file stays as it is, and why
  BackendError
    TransportError                   retried
    ApiError(status, err_code, err_message)
      AuthenticationError, Forbidden, QuotaExceeded, FileTooLarge, FileRejected,
      NotFound, ServiceUnavailable (retried)
  RequestError                       what a client sent to a server of ours makes no sense
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """Why a file was left as it was. The value is the code in reports."""

    text: str  #: the reason in a few words, for people

    NOT_SMALLER = "not-smaller", "cannot be optimised any further"
    SAVES_TOO_LITTLE = "saves-too-little", "would save less than min_saving"
    ALREADY_OPTIMISED = "already-optimised", "already optimised by ir-build"
    COMPRESSION_NONE = "compression-none", "compression_type is none"
    UNSUPPORTED_VARIANT = "unsupported-variant", "a variant of the format that is not supported"
    UNSUPPORTED_FORMAT = "unsupported-format", "a format that ir-build does not compress"
    MISSING_PACKAGE = "missing-package", "a package that the format needs does not load"
    WOULD_CHANGE = "would-change", "the smaller file was not equivalent"
    NEEDS_REPAIR = "needs-repair", "readers have to repair it, which would be guesswork"
    OVER_MAX_FILE_SIZE = "over-max-file-size", "larger than max_file_size"
    OVER_TIMEOUT = "over-timeout", "needs more CPU time than timeout allows"
    OVER_MEMORY_LIMIT = "over-memory-limit", "needs more memory than memory_limit allows"
    SIGNED = "signed", "signed: any change would break the signature"
    ENCRYPTED = "encrypted", "encrypted"
    NOT_TAKEN = "not-taken", "the server does not take it"
    OVER_QUOTA = "over-quota", "does not fit into what is left of the quota"
    NOT_CACHED = "not-cached", "not in the cache yet"
    BACKEND_STOPPED = "backend-stopped", "the backend stopped before this file"
    LINK = "link", "a link: never written through"
    LFS_POINTER = "lfs-pointer", "a Git LFS pointer, not the file itself"

    def __new__(cls, code: str, text: str = "") -> Self:
        made = str.__new__(cls, code)
        made._value_, made.text = code, text
        return made


#: the reasons of a `LimitMet`
OVER_LIMITS = frozenset([Reason.OVER_TIMEOUT, Reason.OVER_MEMORY_LIMIT])
#: the reasons that do not hold on another machine
OF_THIS_MACHINE = OVER_LIMITS | {Reason.MISSING_PACKAGE}


class IrBuildError(Exception):
    """The base of everything ir-build raises on purpose."""


class ConfigError(IrBuildError):
    """A setting that cannot be used."""

    def __init__(self, where: str, key: str, reason: str) -> None:
        super().__init__(where, key, reason)
        self.where = where  #: the file, environment or command line it was read from
        self.key = key  #: the name of the option
        self.reason = reason  #: what is wrong and what to do

    def __str__(self) -> str:
        return f"{self.where}: {self.key}: {self.reason}"


class CacheError(IrBuildError):
    """A cache that was asked for by name cannot be used."""


class InputError(IrBuildError):
    """One file that cannot be worked on. `code` names the kind in reports."""

    code = "input-error"
    #: the same file fails in the same way on every run, so the failure may be cached
    permanent = True
    #: the last lines that a worker printed before it crashed
    output = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CorruptFile(InputError):
    """The bytes are not a whole file of their type."""

    code = "corrupt-file"


class TooLarge(InputError):
    """More pixels, frames, pages or decoded bytes than the limits allow."""

    code = "too-large"


class Unreadable(InputError, OSError):
    """The file system did not give or take the file. `filename` names it, if it is known."""

    code = "unreadable"
    permanent = False

    def __init__(self, message: str, *, path: object = None, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno
        self.strerror = message
        self.filename = None if path is None else str(path)

    @classmethod
    def of(cls, error: OSError, path: object) -> Self:
        """The same as `error`, about the file at `path`."""
        return cls(error.strerror or str(error), path=path, errno=error.errno)

    def __str__(self) -> str:
        return f"{self.filename}: {self.message}" if self.filename else self.message


class Changed(Unreadable):
    """Somebody else has written or removed the file since it was found."""


class NotWritten(InputError):
    """The copy of a file could not be put into the output folder."""

    code = "not-written"
    permanent = False


class Rejected(InputError):
    """A server refused this file: its type, its size or its content."""

    code = "rejected"
    permanent = False


class WorkerCrashed(InputError):
    """The worker process died on this file."""

    code = "worker-crashed"
    permanent = False

    def __init__(self, message: str, *, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class LimitMet(InputError):
    """The file needs more than a worker may take. Nothing is wrong with it."""

    permanent = False
    #: which limit
    reason: Reason

    def __init__(self, detail: str, *, limit: float | None) -> None:
        super().__init__(f"{self.reason.text}: {detail}")
        self.detail = detail  #: what it took
        #: the limit, in the unit of the setting; None when the file is not the reason
        self.limit = limit


class OverTimeout(LimitMet):
    """The worker process took more CPU time than `timeout`, or did nothing for longer."""

    code = "over-timeout"
    reason = Reason.OVER_TIMEOUT


class OverMemoryLimit(LimitMet):
    """The worker process asked for more memory than `memory_limit`."""

    code = "over-memory-limit"
    reason = Reason.OVER_MEMORY_LIMIT


class FileSkipped(IrBuildError):
    """The file is fine, and the backend must not touch it."""

    def __init__(self, reason: Reason, detail: str = "", *, lasting: bool = True) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail  #: what was seen, for the report ("APNG with 12 frames")
        self.lasting = lasting  #: whether it holds for the next run and another backend too

    def __str__(self) -> str:
        return f"{self.reason.text}: {self.detail}" if self.detail else self.reason.text


class BackendError(IrBuildError):
    """The backend as a whole, not one file, is in trouble."""

    #: whether the server may have done what was asked, though its answer did not arrive
    lost = False
    #: whether no connection was made: no network, no such host, no server
    unreachable = False
    #: the name of the file that a call was about, None when it was about none
    file: str | None = None

    def __str__(self) -> str:
        return f"{self.file}: {self._told()}" if self.file else self._told()

    def _told(self) -> str:
        return super().__str__()


class TransportError(BackendError):
    """No usable answer came back: refused, reset, timed out, cut short."""

    def __init__(self, message: str, *, lost: bool = False, unreachable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.lost = lost
        self.unreachable = unreachable


class ApiError(BackendError):
    """An error answer of an ImageRecycle v1 server."""

    #: what to do about it
    advice = ""

    def __init__(self, status: int, err_code: int, err_message: str) -> None:
        super().__init__(status, err_code, err_message)
        self.status = status  #: HTTP status
        self.err_code = err_code  #: `errCode` of the body, else the status
        self.err_message = err_message  #: `errMessage` of the body

    def _told(self) -> str:
        told = f"the server answered {self.status}: {self.err_message}"
        return f"{told}; {self.advice}" if self.advice else told


class AuthenticationError(ApiError):
    """Key or secret unknown, or the subscription has expired (401)."""

    advice = "check the key and the secret, and that the subscription has not expired"


class Forbidden(ApiError):
    """The account may not do this (403): a sub-account has no sub-accounts."""

    advice = "this account is not allowed to do that"


class QuotaExceeded(ApiError):
    """The quota of the account, or of this run, is spent (403 to an upload)."""

    advice = "wait for the next period or raise the quota; `ir-build account` shows both"

    used: int | None = None  #: bytes of this period, None when not known
    quota: int | None = None  #: bytes a period, None when not known

    def _told(self) -> str:
        if self.used is None or self.quota is None:
            return super()._told()
        return f"{super()._told()} ({self.used} of {self.quota} bytes are used)"


class FileTooLarge(ApiError):
    """The file is over the account's `file_max_size`."""

    advice = "`ir-build account` shows the largest size that is taken"


class FileRejected(ApiError):
    """The server does not take this file: its type, its size, its content or its address (400)."""


#: what concerns the account: nothing more can be sent
OF_THE_ACCOUNT = (AuthenticationError, Forbidden, QuotaExceeded)


class NotFound(ApiError):
    """There is no such image, account or file, or not any more (404)."""

    advice = "it may have been deleted or have expired"


class ServiceUnavailable(ApiError):
    """The server is overloaded or down (429, 5xx)."""

    advice = "try again later"
    #: seconds that the server asks to wait, 0 when it doesn't
    retry_after = 0.0


class RequestError(IrBuildError):
    """Our server cannot understand a request. The message is for its sender."""
