"""The GitHub Action: its steps, as action.yml has them, in a job environment made of files."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from documents import drawn
from hosts.hosts import ENVIRON
from pictures import lined_jpeg, lined_png

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


class Comments(BaseHTTPRequestHandler):
    """A stand-in of the comments API: lists by pages, creates, updates."""

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        self.answer(200, self.server.comments[(page - 1) * size : page * size])

    def do_POST(self):
        self.write(201)

    def do_PATCH(self):
        self.write(200)

    def write(self, status):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        path = urlsplit(self.path).path
        if self.server.read_only or self.headers["Authorization"] != "Bearer t0ken":
            self.answer(403, {"message": "Resource not accessible by integration"})
            return
        assert len(body) <= 65536
        if self.command == "POST":
            assert path == "/repos/owner/name/issues/7/comments"
            comment = {"id": 1000 + len(self.server.comments), "user": {"type": "Bot"}}
            self.server.comments.append(comment)
        else:
            (comment,) = (
                one
                for one in self.server.comments
                if path == f"/repos/owner/name/issues/comments/{one['id']}"
            )
        comment["body"] = body
        self.answer(status, comment)

    def answer(self, status, document):
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Comments)
    server.comments, server.read_only = [], False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Job:
    """A job on a runner: a workspace, the files by which steps talk to it, and the action."""

    def __init__(self, folder):
        self.folder = folder
        self.workspace = folder / "work space"
        for path in (self.workspace, folder / "temp", folder / "home"):
            path.mkdir()
        self.outputs_file = folder / "output"
        self.summary = folder / "summary"
        self.environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.outputs_file),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_PATH": str(folder / "path"),
            "GITHUB_REPOSITORY": "owner/name",
            "RUNNER_TEMP": str(folder / "temp"),
            "HOME": str(folder / "home"),
            "PATH": f"{Path(sys.executable).parent}:{ENVIRON['PATH']}",
        }
        self.log = ""

    def step(self, name, *, code=0, inputs=(), **environ):
        """Run a step with the given inputs, the others as action.yml has them by default."""
        values = {key: one.get("default", "") for key, one in ACTION["inputs"].items()}
        values |= {"token": "t0ken"} | dict(inputs)
        assert values.keys() == ACTION["inputs"].keys()

        def fill(text):
            text = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: values[m[1]], text)
            outputs = self.outputs()
            return re.sub(
                r"\$\{\{ steps\.run\.outputs\.([\w-]+) \}\}", lambda m: outputs.get(m[1], ""), text
            )

        step = STEPS[name]
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env=ENVIRON
            | self.environ
            | {key: fill(text) for key, text in step["env"].items()}
            | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self.log = done.stdout
        assert done.returncode == code, done.stdout
        return done.stdout

    def run(self, *, code=0, **inputs):
        inputs = {name.replace("_", "-"): value for name, value in inputs.items()}
        return self.step("Run ir-build", code=code, inputs=inputs)

    def outputs(self):
        text = self.outputs_file.read_text() if self.outputs_file.exists() else ""
        return dict(line.split("=", 1) for line in text.splitlines())

    def comment(self, api, event=None):
        file = self.folder / "event.json"
        file.write_text(json.dumps(event or {"pull_request": {"number": 7}}))
        return self.step(
            "Comment on the pull request",
            GITHUB_API_URL=f"http://127.0.0.1:{api.server_port}",
            GITHUB_EVENT_PATH=str(file),
        )


@pytest.fixture
def job(tmp_path):
    job = Job(tmp_path)
    (job.workspace / "pub lic").mkdir()
    (job.workspace / "pub lic" / "a.png").write_bytes(lined_png(seed=1))
    (job.workspace / "-b.jpg").write_bytes(lined_jpeg(seed=2))
    return job


def test_optimises_and_tells(job):
    """Files get smaller; the summary, the outputs and the report say by how much."""
    job.run(path="pub lic\n-b.jpg")
    saved = len(lined_png(seed=1)) + len(lined_jpeg(seed=2))
    saved -= (job.workspace / "pub lic" / "a.png").stat().st_size
    saved -= (job.workspace / "-b.jpg").stat().st_size
    outputs = job.outputs()
    assert outputs["saved-bytes"] == str(saved)
    assert saved > 0
    assert json.loads(Path(outputs["report"]).read_text())["totals"]["saved"] == saved
    assert "| pub lic/a.png |" in job.summary.read_text()
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.run.outputs.{name} }}}}"
        assert outputs[name]


def test_the_cache_is_saved_when_it_grew(job):
    """A run that compressed nothing saves no new entry; the key is its own, the prefix common."""
    job.run(path="pub lic", out="small")
    assert job.outputs()["cache-grew"] == "true"
    assert (job.folder / "home/.cache/ir-build/CACHEDIR.TAG").exists()
    job.outputs_file.unlink()
    job.run(path="pub lic", out="small")
    assert "cache-grew" not in job.outputs()
    restore, save = STEPS["Restore the cache"]["with"], STEPS["Save the cache"]["with"]
    assert save["key"] == restore["key"]
    assert save["path"] == restore["path"] == "~/.cache/ir-build"
    assert restore["key"].startswith(restore["restore-keys"])
    assert "github.run_id" in restore["key"]
    assert "cache-grew == 'true'" in STEPS["Save the cache"]["if"]


def test_check_changes_nothing(job):
    """With mode check the job fails while something can be saved."""
    before = (job.workspace / "pub lic" / "a.png").read_bytes()
    job.run(path="pub lic", mode="check", code=1)
    assert (job.workspace / "pub lic" / "a.png").read_bytes() == before
    assert int(job.outputs()["saved-bytes"]) > 0
    job.run(path="pub lic", mode="chekc", code=2)
    assert "neither optimize nor check" in job.log


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"max_total": "100"}, "max_total: "),
        ({"max_file": "100"}, "max_file: 1 file is over 100 B: pub lic/a.png"),
        ({"min_saved": "99.9%"}, "min_saved: "),
    ],
)
def test_budgets_fail_the_job(job, budget, message):
    """Each budget that is exceeded fails the step, by name, with everything else done."""
    assert message in job.run(path="pub lic", code=4, **budget)
    assert job.outputs()["report"]


def test_more_options(job):
    """Options go to the command as they are, whatever is in them."""
    job.run(path="pub lic", args="--exclude=*.png\n\n--exclude=$(touch x) 'y'\n")
    assert (job.workspace / "pub lic" / "a.png").read_bytes() == lined_png(seed=1)
    assert not (job.workspace / "x").exists()


def test_one_comment_that_is_updated(job, api):
    """The first run writes a comment, the next one changes it, however many others there are."""
    api.comments += [{"id": n, "user": {"type": "User"}, "body": "hm"} for n in range(150)]
    api.comments.append({"id": 500, "user": {"type": "User"}, "body": "<!-- ir-build -->\nmine"})
    job.run(path="pub lic", out="small")
    job.comment(api)
    (first,) = (one for one in api.comments if one["id"] >= 1000)
    assert first["body"].startswith("<!-- ir-build -->\n## Images and PDFs")
    assert "pub lic/a.png" in first["body"]
    (job.workspace / "pub lic" / "c.pdf").write_bytes(drawn())
    job.run(path="pub lic", out="small")
    job.comment(api)
    assert len([one for one in api.comments if one["id"] >= 1000]) == 1
    assert "c.pdf" in first["body"]
    assert api.comments[150]["body"].endswith("mine")


def test_a_long_report_fits_into_a_comment(job, api):
    """What GitHub would refuse as too long is cut at a row, and says so."""
    job.run(path="pub lic", out="small")
    report = Path(job.outputs()["markdown"])
    text = report.read_text()
    row = next(line for line in text.splitlines() if "a.png" in line)
    report.write_text(text.replace(row, "\n".join([row] * 3000)))
    job.comment(api)
    (comment,) = api.comments
    assert comment["body"].rstrip().endswith("the job summary has more.")
    assert comment["body"].count("</details>") == 1


def test_no_comment_is_no_failure(job, api):
    """A token that may only read, as for forks, is a warning; a push has nothing to comment on."""
    job.run(path="pub lic", out="small")
    api.read_only = True
    log = job.comment(api)
    assert "::warning title=ir-build::no comment on the pull request: HTTP Error 403" in log
    assert "t0ken" not in log
    assert "not a pull request" in job.comment(api, {"ref": "refs/heads/main"})
    assert not api.comments


def test_installing(job):
    """The action installs the version it is at, and later steps find it on the PATH."""
    # What pip does about dependencies is tried, with the hook, elsewhere.
    action = job.folder / "action"
    shutil.copytree(ROOT / "action", action / "action")
    shutil.copytree(ROOT / "src", action / "src")
    project = (ROOT / "pyproject.toml").read_text()
    project, count = re.subn(
        r"^dependencies = \[.*?^\]", "", project, flags=re.MULTILINE | re.DOTALL
    )
    assert count == 1
    (action / "pyproject.toml").write_text(project)
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, action)
    environ = {"GITHUB_ACTION_PATH": str(action)}
    job.step("Install ir-build", inputs={"python": sys.executable}, **environ)
    folder = Path((job.folder / "path").read_text().strip())
    version = subprocess.run(
        [folder / "python", "-I", "-c", "import ir_build; print(ir_build.__version__)"],
        capture_output=True,
        text=True,
        check=True,
    )
    import ir_build

    assert version.stdout.strip() == ir_build.__version__
    assert os.access(folder / "ir-build", os.X_OK)


def test_no_input_reaches_a_shell_as_code():
    """Inputs and contexts go to the scripts by the environment, never into a command line."""
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
