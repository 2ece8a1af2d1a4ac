"""What a user of the client may rely on, checked by mypy."""

from datetime import datetime
from pathlib import Path

from ir_build.imagerecycle import (
    Account,
    AsyncClient,
    Client,
    Credentials,
    FileKind,
    FileResult,
    Image,
    QuotaExceeded,
    SubAccount,
    UploadParams,
)

with Client(Credentials("key", "secret", "https://api.example.org/v1")) as client:
    account: Account = client.account()
    left: int | None = account.quota_left
    until: datetime | None = account.period_end
    image: Image = client.compress(Path("a.png"), resize=(800, None)).to_file("b.png")
    data: bytes = client.compress(b"...", name="a.png", lossless=True).to_bytes()
    image = client.upload("a.png", params=UploadParams())
    for one in client.images():
        share: float = one.saved
    client.download_to(image, Path("c.png"), kind=FileKind.ORIGINAL)
    client.zip_to((one.id for one in client.images()), "all.zip")
    client.delete_all_images(confirm=True)
    sub: SubAccount = client.create_sub_account("Docs", quota=500_000_000)
    try:
        client.upload(b"...", name="a.png")
    except QuotaExceeded as error:
        used: int | None = error.used
    results: list[FileResult] = client.compress_folder("in", Path("out"), progress=print)
    failed = [one.path.name for one in results if one.error is not None]


async def compress(credentials: Credentials) -> Image:
    """The same values come out of the other client."""
    async with AsyncClient(credentials) as client:
        return await client.compress("a.png", "b.png", resize=(800, None))
