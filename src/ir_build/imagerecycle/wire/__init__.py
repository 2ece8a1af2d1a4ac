"""The wire format of the ImageRecycle v1 API in both directions, without a socket.

`shapes` are the values in our words; `outgoing` and `incoming` turn them into requests and back,
`responses` into answers and back, `errors` into error answers and back. A client encodes requests
and decodes answers, and a server does the opposite.

Decoding is tolerant, as existing clients and servers need it: both documented generations of a
shape, numbers as text, dates in many forms, names in any case. Encoding is strict.
"""

from .shapes import (
    Account,
    Auth,
    Consumption,
    FileKind,
    Image,
    ImagePage,
    PageLink,
    SubAccount,
    SubAccountFields,
    UploadParams,
    Usage,
)

__all__ = [
    "Account", "Auth", "Consumption", "FileKind", "Image", "ImagePage", "PageLink", "SubAccount",
    "SubAccountFields", "UploadParams", "Usage",
]  # fmt: skip
