"""A server process that speaks the part of the API a build needs, and misbehaves when told to.

`python peer_process.py` writes its port. `PUT /control` sets what it says and the faults to come, one a
request; `GET /control` tells what it has seen.
"""

import contextlib
import json
import socket
import struct
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

from PIL import Image


class PeerServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.faults = []
        self.seen = []
        self.delay = 0.0
        self.account = {"quota_current": 0, "quota_allowed": "100000000", "file_max_size": 500_000}
        self.image = {}
        self.files = {}
        self.under_way = self.most_under_way = 0

    def handle_error(self, *_):
        pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/control":
            server = self.server
            self.say(200, {
                "seen": server.seen, "faults": len(server.faults), "most": server.most_under_way,
            })  # fmt: skip
        elif "/accounts/mine" in self.path:
            self.served("account", lambda _: self.say(200, self.server.account))
        else:
            self.served("download", lambda _: self.download())

    def do_PUT(self):
        wanted = json.loads(self.body())
        files = self.server.files
        self.server.reset()
        if wanted.pop("keep_files", False):
            self.server.files = files
        vars(self.server).update(wanted)
        self.say(200, {})

    def do_POST(self):
        self.served("upload", self.upload)

    def served(self, where, answer):
        fault = self.fault(where)
        if fault.get("kind") == "reset in the request":
            self.seen(where, b"")
            self.rfile.read(100)
            return self.reset()
        body = self.body()
        self.seen(where, body)
        with self.server.lock:
            self.server.under_way += 1
            self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
        try:
            time.sleep(self.server.delay)
            if fault:
                self.misbehave(fault)
            else:
                answer(body)
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def seen(self, where, body):
        head = body.partition(b"\x89PNG")[0].decode("latin-1")
        with self.server.lock:
            self.server.seen.append([where, self.path, str(self.headers), head])

    def upload(self, body):
        start = body.index(b"\x89PNG")
        sent = body[start : body.index(b"IEND", start) + 8]
        packed = BytesIO()
        Image.open(BytesIO(sent)).save(packed, "png", optimize=True)
        with self.server.lock:
            number = len(self.server.files) // 2 + 1
            made, origin = f"/v1/images/optimized/{number:032}", f"/v1/images/original/{number:032}"
            self.server.files[made] = packed.getvalue()
            self.server.files[origin] = sent
        self.say(201, {
            "id": number, "filename": "a b.png", "size_before": len(sent),
            "size_after": len(packed.getvalue()),
            "optimized_url": f"{self.server.origin}{made}/a%20b.png",
            "origin_url": f"{self.server.origin}{origin}/a%20b.png",
            "expiration_date": int(time.time()) + 30 * 24 * 3600,
            **self.server.image,
        })  # fmt: skip

    def download(self):
        found = self.server.files.get(self.path.rpartition("/")[0])
        if found is None:
            self.say(404, {"errCode": 404, "errMessage": "Not found"})
        else:
            self.send(200, found, {"Content-Type": "image/png"})

    def fault(self, where):
        with self.server.lock:
            for fault in self.server.faults:
                if fault["where"] == where:
                    self.server.faults.remove(fault)
                    return fault
        return {}

    def misbehave(self, fault):
        kind = fault["kind"]
        if kind == "status":
            body = {"errCode": fault["status"], "errMessage": fault.get("message", "")}
            headers = dict(fault.get("headers", {}))
            if "retry_in" in fault:  # as a date, by a clock that is `clock` seconds off
                now = time.time() + fault["clock"]
                headers |= {
                    "Date": formatdate(now, usegmt=True),
                    "Retry-After": formatdate(now + fault["retry_in"], usegmt=True),
                }
            self.say(fault["status"], body, headers)
        elif kind == "body":
            self.send(200, fault["body"].encode(), {"Content-Type": fault["type"]})
        elif kind == "silence":
            time.sleep(fault["seconds"])
            self.close_connection = True
        elif kind == "drip":
            self.head(200, {"Content-Length": "1000000"})
            for _ in range(200):
                self.wfile.write(b"x")
                time.sleep(0.02)
            self.close_connection = True
        elif kind == "dripping head":
            with contextlib.suppress(OSError):
                for _ in range(200):
                    self.wfile.write(b"H")
                    time.sleep(0.02)
            self.close_connection = True
        elif kind == "reset":
            self.reset()
        else:  # the download, spoilt
            found = self.server.files[self.path.rpartition("/")[0]]
            if kind == "reset midway":
                self.head(200, {"Content-Length": str(len(found))})
                self.wfile.write(found[: len(found) // 2])
                self.reset()
            elif kind == "truncated":
                self.head(200, {"Content-Length": str(len(found))})
                self.wfile.write(found[: len(found) // 2])
                self.close_connection = True
            elif kind == "without a length, truncated":
                self.head(200, {"Connection": "close"})
                self.wfile.write(found[: len(found) // 2])
                self.close_connection = True
            elif kind == "too long":
                self.send(200, found + b"more", {})

    def reset(self):
        """Have the kernel send RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def say(self, status, document, headers=()):
        self.send(
            status,
            json.dumps(document).encode(),
            {"Content-Type": "application/json", **dict(headers)},
        )

    def send(self, status, body, headers):
        self.head(status, {"Content-Length": str(len(body)), **headers})
        self.wfile.write(body)

    def head(self, status, headers):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


if __name__ == "__main__":
    peer = PeerServer()
    sys.stdout.write(f"{peer.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=lambda: (sys.stdin.read(), peer.shutdown()), daemon=True).start()
    peer.serve_forever(0.02)
