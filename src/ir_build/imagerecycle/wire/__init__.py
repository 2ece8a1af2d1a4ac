"""The wire format of the ImageRecycle v1 API, both directions, with no socket in sight.

`shapes` are the values in our words; `outgoing` and `incoming` turn them into requests and back,
`responses` into answers and back, `errors` into error answers and back. A client encodes requests
and decodes answers, a server does the opposite: both stand on this.

Decoding is tolerant, as the clients and servers that are about need it: both documented generations
of a shape, numbers as text, dates in many forms, names in any case. Encoding is strict.
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
