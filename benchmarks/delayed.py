"""A server of the v1 API that answers every call after a delay, and does next to nothing else.

`python delayed.py SECONDS` writes its port.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import zlib

_PNG = b"\x89PNG\r\n\x1a\n"


def packed(png: bytes) -> bytes:
    """The same picture with its stored rows deflated."""
    start = png.index(b"IDAT")
    size = int.from_bytes(png[start - 4 : start], "big")
    data = b"IDAT" + zlib.compress(zlib.decompress(png[start + 4 : start + 4 + size]), 6)
    chunk = (len(data) - 4).to_bytes(4, "big") + data + zlib.crc32(data).to_bytes(4, "big")
    return png[: start - 4] + chunk + png[start + 8 + size :]


class Server:
    """Keeps the results of uploads until they are fetched."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.files: dict[str, bytes] = {}
        self.numbers = itertools.count(1)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, with as many requests as the client makes of it."""
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            line, *headers = head.decode("latin-1").split("\r\n")
            length = next(
                (int(one[15:]) for one in headers if one.lower().startswith("content-length:")), 0
            )
            body = await reader.readexactly(length)
            await asyncio.sleep(self.delay)
            status, answer = self.answer(*line.split(" ")[:2], body)
            writer.write(
                f"HTTP/1.1 {status} OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer
            )
            await writer.drain()
        writer.close()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body."""
        if method == "GET":
            if "/accounts/mine" in path:
                return 200, json.dumps({"quota_current": 0, "quota_allowed": 0}).encode()
            return 200, self.files.pop(path)
        png = body[body.index(_PNG) : body.rindex(b"IEND") + 8]
        number = next(self.numbers)
        link = f"/v1/images/optimized/{number:032}/a.png"
        self.files[link] = packed(png)
        return 201, json.dumps({
            "id": number, "size_before": len(png), "size_after": len(self.files[link]),
            "optimized_url": link, "origin_url": link,
        }).encode()  # fmt: skip


async def main() -> None:
    """Serve until killed."""
    server = Server(float(sys.argv[1]))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=256)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
