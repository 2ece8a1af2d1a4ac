"""A server of ours as a process, on a socket."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from io import BytesIO

import requests
from PIL import Image


def picture(size=(60, 40), colour="teal", kind="png"):
    """A picture that has something to save."""
    buffer = BytesIO()
    options = {"compress_level": 0} if kind == "png" else {}
    Image.new("RGB", size, colour).save(buffer, kind, **options)
    return buffer.getvalue()


@dataclass
class Server:
    """A running server and its main account."""

    url: str
    key: str = ""
    secret: str = field(default="", repr=False)
    process: subprocess.Popen | None = field(default=None, repr=False)
    log: object = None

    def auth(self):
        return json.dumps({"key": self.key, "secret": self.secret})

    def as_account(self, sub):
        """The same server for a sub-account, given as its JSON."""
        return Server(self.url, sub["api_key"], sub["api_secret"])

    def get(self, path, **query):
        return requests.get(
            self.url + path, {"auth": self.auth(), **query}, timeout=30, allow_redirects=False
        )

    def call(self, method, path, **fields):
        """A call with a url-encoded body, as curl's -d makes it."""
        return requests.request(
            method,
            self.url + path,
            data={"auth": self.auth(), **fields},
            timeout=30,
            allow_redirects=False,
        )

    def upload(self, data, name="a.png", **fields):
        return requests.post(
            self.url + "/images",
            data={"auth": self.auth(), **fields},
            files={"file": (name, data)},
            timeout=60,
        )

    def stop(self, signal_=signal.SIGTERM):
        """End it, if it still runs; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_)
        code = self.process.wait(60)
        self.process.stdout.close()
        return code


def start(folder, log, **settings):
    """A server on a free port with its data in `folder`; `settings` go in by the environment."""
    environment = {name: value for name, value in os.environ.items() if "IR_BUILD" not in name}
    for name, value in {"port": 0, "data_dir": folder, "jobs": 1, **settings}.items():
        environment[f"IR_BUILD_SERVER_{name.upper()}"] = str(value)
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "ir_build", "serve"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    told = {}
    for line in process.stdout:
        if match := re.fullmatch(r"\s*(key|secret): +(\w+)\n", line):
            told[match[1]] = match[2]
        if match := re.fullmatch(r"serving (http\S+)\n", line):
            return Server(match[1], told.get("key", ""), told.get("secret", ""), process, log)
    raise RuntimeError(f"the server did not start: {log.read_text()}")
