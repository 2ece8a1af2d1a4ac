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
from pictures import lined_jpeg, lined_png, lined_svg
from services.programs import program

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


class GitHub(BaseHTTPRequestHandler):
    """A stand-in of GitHub's API: comments by pages, a pull request's files, who a token is."""

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/user":
            login = self.server.login
            self.answer(200 if login else 403, {"login": login})
            return
        lists = {
            "/repos/owner/name/issues/7/comments": self.server.comments,
            "/repos/owner/name/pulls/7/files": self.server.files,
        }
        query = parse_qs(url.query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        self.answer(200, lists[url.path][(page - 1) * size : page * size])

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
            login = self.server.login
            user = {"type": "User", "login": login} if login else {"type": "Bot", "login": "a[bot]"}
            comment = {"id": 1000 + len(self.server.comments), "user": user}
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
    server = ThreadingHTTPServer(("127.0.0.1", 0), GitHub)
    server.comments, server.files, server.login, server.read_only = [], [], None, False
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
        self.summary = folder / "summary"
        self.event = folder / "event.json"
        self.event.write_text(json.dumps(PULL_REQUEST))
        #: by the ids of steps; a test may run a step without those before it
        self.outputs = {
            "places": {},
            "install": {"python": sys.executable},
        }
        self.environ = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_PATH": str(folder / "path"),
            "GITHUB_REPOSITORY": "owner/name",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "42",
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_BASE_REF": "main",
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
            "RUNNER_TEMP": str(folder / "temp"),
            "HOME": str(folder / "home"),
        }

    def step(self, name, *, code=0, inputs=(), **environ):
        """Run a step with the given inputs, the others as action.yml has them by default."""
        values = {key: one.get("default", "") for key, one in ACTION["inputs"].items()}
        values |= {"token": "t0ken", "python": sys.executable} | dict(inputs)
        assert values.keys() == ACTION["inputs"].keys()

        def fill(text):
            text = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: values[m[1]], text)
            return re.sub(
                r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) \}\}",
                lambda m: self.outputs.get(m[1], {}).get(m[2], ""),
                text,
            )

        step = STEPS[name]
        written = Path(self.environ["GITHUB_OUTPUT"])
        written.write_text("")
        done = subprocess.run(
            [program("bash"), "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
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
        lines = written.read_text().splitlines()
        self.outputs[step.get("id")] = dict(line.split("=", 1) for line in lines)
        assert done.returncode == code, done.stdout
        return done.stdout

    def run(self, *, code=0, api=None, PYTHONPATH="", **inputs):  # noqa: N803
        inputs = {name.replace("_", "-"): value for name, value in inputs.items()}
        environ = _reached(api) | {"PYTHONPATH": PYTHONPATH}
        return self.step("Run ir-build", code=code, inputs=inputs, **environ)

    def comment(self, api, **inputs):
        inputs = {name.replace("_", "-"): value for name, value in inputs.items()}
        return self.step("Comment on the pull request", inputs=inputs, **_reached(api))

    def on_the_base_branch(self, **inputs):
        """Run as after a push to the base branch, and restore what that run saves."""
        self.environ["GITHUB_BASE_REF"] = ""
        self.run(**inputs)
        self.environ["GITHUB_BASE_REF"] = "main"
        return self.outputs["run"]["base"]

    def read(self, name):
        return (self.workspace / name).read_bytes()


def _reached(api):
    return {"GITHUB_API_URL": f"http://127.0.0.1:{api.server_port}"} if api else {}


PULL_REQUEST = {"pull_request": {"number": 7, "head": {"repo": {"full_name": "owner/name"}}}}


@pytest.fixture
def job(tmp_path, cache):
    """A job whose cache knows the pictures after the first test."""
    job = Job(tmp_path)
    job.outputs["places"] = {"cache": str(cache), "base": str(tmp_path / "base")}
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
    outputs = job.outputs["run"]
    assert outputs["saved-bytes"] == str(saved)
    assert saved > 0
    assert json.loads(Path(outputs["report"]).read_text())["totals"]["saved"] == saved
    assert "| pub lic/a.png |" in job.summary.read_text()
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.run.outputs.{name} }}}}"
        assert outputs[name]


def test_the_cache_is_saved_when_it_grew(job):
    """A run that compressed nothing saves no new entry."""
    job.outputs["places"]["cache"] = str(job.folder / "cache")
    job.run(path="pub lic", out="small")
    assert job.outputs["run"]["cache-grew"] == "true"
    assert (job.folder / "cache/CACHEDIR.TAG").exists()
    job.run(path="pub lic", out="small")
    assert "cache-grew" not in job.outputs["run"]
    assert "cache-grew == 'true'" in STEPS["Save the cache"]["if"]


def test_where_the_cache_is_and_under_which_key(job):
    """The folder is that of IR_BUILD_CACHE_DIR; no two runs share a key, all share its beginning."""
    job.step("Find the places")
    first = job.outputs["places"]
    job.step("Find the places", IR_BUILD_CACHE_DIR="its own")
    second = job.outputs["places"]
    assert first["cache"] == str(job.folder / "home/.cache/ir-build")
    assert second["cache"] == str(job.workspace / "its own")
    assert first["key"] != second["key"]
    assert first["prefix"] == second["prefix"]
    assert first["key"].startswith(first["prefix"])
    assert first["pip-key"] == second["pip-key"]
    assert not first["pip-key"].startswith(first["prefix"])
    restore, save = STEPS["Restore the cache"]["with"], STEPS["Save the cache"]["with"]
    assert save == {name: restore[name] for name in ("path", "key")}
    assert restore["path"] == "${{ steps.places.outputs.cache }}"


def test_a_run_that_fails_early_publishes_no_report_of_an_earlier_one(job):
    """The outputs of a use of the action are its own."""
    job.run(path="pub lic")
    job.run(path="pub lic", args="--quality=none", code=2)
    assert job.outputs["run"] == {}


def test_check_changes_nothing(job):
    """With mode check the job fails while something can be saved."""
    before = (job.workspace / "pub lic" / "a.png").read_bytes()
    job.run(path="pub lic", mode="check", code=1)
    assert (job.workspace / "pub lic" / "a.png").read_bytes() == before
    assert int(job.outputs["run"]["saved-bytes"]) > 0
    assert "neither optimize nor check" in job.run(path="pub lic", mode="chekc", code=2)


def test_budgets_fail_the_job(job):
    """Each budget that is exceeded fails the step, by name, with everything else done."""
    log = job.run(path="pub lic", code=4, max_total="100", max_file="100", min_saved="99.9%")
    assert "max_total: " in log
    assert "max_file: 1 file is over 100 B: pub lic/a.png" in log
    assert "min_saved: " in log
    assert job.outputs["run"]["report"]


def test_more_options(job):
    """Options go to the command as they are, whatever is in them."""
    job.run(path="pub lic", args="--exclude=*.png\n\n--exclude=$(touch x) 'y'\n")
    assert (job.workspace / "pub lic" / "a.png").read_bytes() == lined_png(seed=1)
    assert not (job.workspace / "x").exists()


@pytest.mark.parametrize("login", [None, "someone"], ids=["the job's token", "a personal token"])
def test_one_comment_that_is_updated(job, api, login):
    """The first run writes a comment, the next one changes it, however many others there are."""
    api.login = login
    api.comments += [{"id": n, "user": {"type": "User"}, "body": "hm"} for n in range(150)]
    other = {"type": "User", "login": "else"}
    api.comments.append({"id": 500, "user": other, "body": "<!-- ir-build -->\nmine"})
    api.comments.append({"id": 501, "user": None, "body": "<!-- ir-build -->\nof who is gone"})
    api.comments.append({"id": 502, "user": other, "body": None})
    job.run(path="pub lic", out="small")
    job.comment(api)
    (first,) = (one for one in api.comments if one["id"] >= 1000)
    assert first["body"].startswith(
        "<!-- ir-build -->\nThere is no report of `main` to compare with."
    )
    assert "\n## Images and PDFs" in first["body"]
    assert "pub lic/a.png" in first["body"]
    (job.workspace / "pub lic" / "c.pdf").write_bytes(drawn())
    job.run(path="pub lic", out="small")
    job.comment(api)
    assert len([one for one in api.comments if one["id"] >= 1000]) == 1
    assert "c.pdf" in first["body"]
    assert api.comments[150]["body"].endswith("mine")


def test_the_comment_shows_what_changes_against_the_base_branch(job, api):
    """Before and after of the whole site in one line, then only the files that differ; the rest is linked."""
    saved = job.on_the_base_branch(path="pub lic", out="small")
    assert json.loads(Path(saved).read_text())["totals"]["files"] == 1
    (job.workspace / "pub lic" / "new.jpg").write_bytes(lined_jpeg(seed=7))
    job.run(path="pub lic", out="small", code=4, max_total="1kB")
    assert "base" not in job.outputs["run"]
    job.summary.write_text("")
    job.comment(api)
    (comment,) = api.comments
    first, *rest = comment["body"].removeprefix("<!-- ir-build -->\n").split("\n\n")
    assert first == "## Images and PDFs: what changes against `main`"
    assert re.match(r"\*\*[\d.]+ k?B -> [\d.]+ k?B \(\+.*\): 1 new\*\*$", rest[0])
    assert "max\\_total: " in rest[1]
    assert "| new | pub lic/new.jpg |" in rest[2]
    assert "a.png" not in rest[2]
    address = "https://github.example/owner/name/actions/runs/42"
    assert comment["body"].rstrip().endswith(f"[job summary]({address}).")
    assert "| new | pub lic/new.jpg |" in job.summary.read_text()


def test_a_comment_names_25_changes_and_the_summary_the_others(job, api):
    """However much a pull request changes, the comment stays readable."""
    job.on_the_base_branch(path="pub lic", out="small")
    for number in range(30):
        (job.workspace / "pub lic" / f"{number}.svg").write_bytes(lined_svg())
    job.run(path="pub lic", out="small")
    job.summary.write_text("")
    job.comment(api)
    (comment,) = api.comments
    assert comment["body"].count("| new |") == 25
    assert "and 5 more" in comment["body"]
    assert job.summary.read_text().count("| new |") == 30


def test_a_base_report_that_cannot_be_read_costs_no_comment(job, api):
    """The whole report is shown, and the log says what is wrong."""
    saved = job.on_the_base_branch(path="pub lic", out="small")
    Path(saved).write_text('{"schema_version": 2, "files": []}')
    job.run(path="pub lic", out="small")
    log = job.comment(api)
    assert "::warning title=ir-build::the report of main cannot be compared: error: " in log
    (comment,) = api.comments
    assert "cannot be compared" in comment["body"]
    assert "pub lic/a.png" in comment["body"]


def test_a_part_of_the_site_is_not_compared_with_the_whole(job, api):
    """With `changed-only` the comment is about the files of the pull request, as they are."""
    job.on_the_base_branch(path="pub lic")
    api.files += [{"filename": "pub lic/a.png"}]
    job.run(path="pub lic", changed_only="true", api=api)
    job.comment(api, changed_only="true")
    (comment,) = api.comments
    assert "against" not in comment["body"]
    log = job.run(path="pub lic", changed_only="true", max_growth="5%", api=api, code=2)
    assert "max-growth is about all files" in log


def test_growth_against_the_base_branch_is_a_budget(job):
    """A pull request that adds too much fails; without a report to compare with none does."""
    inputs = {"path": "pub lic", "out": "small", "max_growth": "5%"}
    assert "max_growth: not judged" in job.run(**inputs)
    job.on_the_base_branch(**inputs)
    job.run(**inputs)
    (job.workspace / "pub lic" / "new.jpg").write_bytes(lined_jpeg(seed=7))
    assert "max_growth: +" in job.run(**inputs, code=4)
    budgets = "total=1MB\npub lic/*.png=10"
    log = job.run(path="pub lic", out="small", budgets=budgets, code=4)
    assert 'budgets."pub lic/*.png": ' in log
    assert "budgets.total" not in log


def test_reports_are_compared_with_those_of_the_same_files(job):
    """The key tells branch, `path` and `out` apart; pull requests restore, and only branches save."""

    def places(base="", branch="main", **inputs):
        environ = {"GITHUB_BASE_REF": base, "GITHUB_REF_NAME": branch}
        job.step("Find the places", inputs={"path": "docs", **inputs}, **environ)
        return job.outputs["places"]

    pushed = places()
    asked = places(base="main", branch="7/merge")
    assert asked["base"] == pushed["base"]
    assert asked["base-prefix"] == pushed["base-prefix"]
    assert asked["base-key"] != pushed["base-key"]
    others = [places(branch="topic"), places(path="img"), places(out="small")]
    prefixes = {one["base-prefix"] for one in [pushed, *others]}
    assert len(prefixes) == 4
    restore = STEPS["Restore the report of the base branch"]
    save = STEPS["Save the report for pull requests"]
    assert save["with"] == {name: restore["with"][name] for name in ("path", "key")}
    assert "github.base_ref != ''" in restore["if"]
    assert "github.base_ref == ''" in save["if"]


def test_a_long_report_fits_into_a_comment(job, api):
    """What GitHub would refuse as too long is cut at a row, and says so."""
    job.run(path="pub lic", out="small")
    report = Path(job.outputs["run"]["markdown"])
    text = report.read_text()
    row = next(line for line in text.splitlines() if "a.png" in line)
    report.write_text(text.replace(row, "\n".join([row] * 3000)))
    job.comment(api)
    (comment,) = api.comments
    assert comment["body"].rstrip().endswith("the job summary has more.")
    assert comment["body"].count("</details>") == 1


def test_changes_of_files_with_long_names_fit_into_a_comment(job, api):
    """Names may be as long as a system allows and full of markup: the comment is cut at a row."""
    job.on_the_base_branch(path="pub lic", out="small")
    folder = job.workspace / "pub lic" / ("&" * 240) / ("<" * 240) / (">" * 240)
    folder.mkdir(parents=True)
    for number in range(25):
        (folder / f"{number}.svg").write_bytes(lined_svg())
    job.run(path="pub lic", out="small")
    job.comment(api)
    (comment,) = api.comments
    assert len(comment["body"]) < 65_536
    assert 1 < comment["body"].count("| new |") < 25
    assert "There was no room for all files" in comment["body"]
    assert "</details>" not in comment["body"]


def test_no_comment_is_no_failure(job, api):
    """A token that may only read, as for forks, is a warning; a push has nothing to comment on."""
    job.run(path="pub lic", out="small")
    api.read_only = True
    log = job.comment(api)
    assert "::warning title=ir-build::no comment on the pull request: HTTP Error 403" in log
    assert "t0ken" not in log
    job.event.write_text('{"ref": "refs/heads/main"}')
    assert "not a pull request" in job.comment(api)
    assert not api.comments


@pytest.fixture
def action(job):
    """A copy of the action that installs ir-build alone: pip's part is tried, with the hook, elsewhere."""
    action = job.folder / "action"
    shutil.copytree(
        ROOT / "action", action / "action", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "src", action / "src")
    project = (ROOT / "pyproject.toml").read_text()
    project, count = re.subn(
        r"^dependencies = \[.*?^\]", "", project, flags=re.MULTILINE | re.DOTALL
    )
    assert count == 1
    (action / "pyproject.toml").write_text(project)
    for name in ("README.md", "LICENSE", "constraints.txt"):
        shutil.copy(ROOT / name, action)
    job.environ["GITHUB_ACTION_PATH"] = str(action)
    return action


def _install(job, **environ):
    job.step("Find the places", **environ)
    job.step("Install ir-build", **environ)
    return Path((job.folder / "path").read_text().splitlines()[-1])


def test_installing_runs_nothing_of_the_repository(job, action):
    """Modules of the workspace are not imported, wherever the job has Python look; later steps find
    `ir-build`, and no other program of the action's, on the PATH, and a second use installs nothing."""
    for name in ("venv", "pip", "json", "hashlib", "job", "ir_build", "sitecustomize"):
        (job.workspace / f"{name}.py").write_text("open('imported', 'w'); raise SystemExit('no')")
    folder = _install(job, PYTHONPATH=str(job.workspace))
    assert [path.name for path in folder.iterdir()] == ["ir-build"]
    python = job.outputs["install"]["python"]
    import ir_build

    version = [python, "-I", "-c", "import ir_build; print(ir_build.__version__)"]
    told = subprocess.run(version, capture_output=True, text=True, check=True).stdout
    assert told.strip() == ir_build.__version__
    assert os.access(folder / "ir-build", os.X_OK)
    job.outputs["install"]["python"] = sys.executable  # which has the dependencies
    job.run(path="pub lic", PYTHONPATH=str(job.workspace))
    job.step("Comment on the pull request", PYTHONPATH=str(job.workspace))
    assert not (job.workspace / "imported").exists()

    # Later uses take the environment of the first, by whatever Python is first on the PATH then.
    made = (folder / "ir-build").stat().st_mtime_ns
    assert _install(job, PATH=f"{folder}:{ENVIRON['PATH']}") == folder
    assert (folder / "ir-build").stat().st_mtime_ns == made


def test_what_is_installed_is_what_constraints_txt_says(job, action):
    """A version pinned there holds for what builds the package, too."""
    constraints = action / "constraints.txt"
    pinned = re.sub(r"(?m)^hatchling==.*$", "hatchling==0.0.1", constraints.read_text())
    assert pinned != constraints.read_text()
    constraints.write_text(pinned)
    job.step("Find the places")
    log = job.step("Install ir-build", code=2)
    assert "hatchling==0.0.1" in log
    assert "::error title=ir-build::ir-build could not be installed" in log


def test_other_actions_are_pinned():
    """What runs is a commit, not what a tag says today."""
    used = [step["uses"] for step in STEPS.values() if "uses" in step]
    assert len(used) == 6
    for one in used:
        assert re.fullmatch(r"actions/cache/(restore|save)@[0-9a-f]{40}", one)


def test_globs_and_blanks(job):
    """A line of `path` may be a glob; blanks around it are no part of a name."""
    (job.workspace / "pub lic" / "deep").mkdir()
    (job.workspace / "pub lic" / "deep" / "c.png").write_bytes(lined_png(seed=3))
    job.run(path="  pub lic/**/*.png \r\n-*.jpg  \n")
    names = [file["name"] for file in report(job)["files"]]
    assert names == ["-b.jpg", "pub lic/a.png", "pub lic/deep/c.png"]
    assert "matches nothing" in job.run(path="nothing/*.png", code=2)
    assert "path is empty" in job.run(path=" \n", code=2)


def report(job):
    return json.loads(Path(job.outputs["run"]["report"]).read_text())


def test_no_link_of_the_repository_leads_out_of_the_workspace(job):
    """A folder that is a link to elsewhere is refused, as `path` and as `out`."""
    elsewhere = job.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.png").write_bytes(lined_png(seed=1))
    (job.workspace / "link").symlink_to(elsewhere)
    for inputs in ({"path": "link"}, {"path": "link/*.png"}, {"path": "pub lic", "out": "link/x"}):
        assert "leads out of the workspace" in job.run(code=2, **inputs)
    assert [path.name for path in elsewhere.iterdir()] == ["a.png"]
    assert (elsewhere / "a.png").read_bytes() == lined_png(seed=1)
    # What the workflow itself names may be anywhere.
    job.run(path=str(elsewhere))
    assert len((elsewhere / "a.png").read_bytes()) < len(lined_png(seed=1))


def test_only_what_the_pull_request_touches(job, api):
    """With `changed-only`, other files of `path` stay as they are, and files elsewhere too."""
    for name in ("pub lic/old.png", "else.png"):
        (job.workspace / name).write_bytes(lined_png(seed=4))
    api.files += [{"filename": f"pub lic/page{n}.html"} for n in range(150)]
    api.files += [{"filename": name} for name in ("pub lic/a.png", "else.png", "pub lic/gone.png")]
    job.run(path="pub lic", changed_only="true", api=api)
    assert [file["name"] for file in report(job)["files"]] == ["pub lic/a.png"]
    assert job.read("pub lic/old.png") == job.read("else.png") == lined_png(seed=4)
    del api.files[:]
    log = job.run(path="pub lic", changed_only="true", api=api)
    assert "nothing in path is touched" in log
    assert job.outputs["run"] == {"saved-bytes": "0"}
    assert "changed-only works in place" in job.run(
        path="pub lic", changed_only="true", out="small", code=2
    )


def test_what_cannot_be_told_is_looked_at(job):
    """Outside of pull requests, or without an answer of the API, everything in `path` is meant."""
    log = job.run(path="pub lic", mode="check", changed_only="true", code=1)
    assert "::warning title=ir-build::what the pull request touches cannot be told" in log
    assert [file["name"] for file in report(job)["files"]] == ["pub lic/a.png"]
    job.event.write_text('{"ref": "refs/heads/main"}')
    log = job.run(path="pub lic", mode="check", changed_only="true", code=1)
    assert "not a pull request: everything in path" in log


@pytest.fixture
def origin(job):
    """The workspace as a checkout of the branch `topic`; the repository that it came from."""
    origin = job.folder / "origin.git"
    git(job.folder, "init", "-q", "--bare", origin)
    git(job.workspace, "init", "-q", "-b", "topic")
    git(job.workspace, "remote", "add", "origin", origin)
    hook = job.workspace / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    (job.workspace / "notes.txt").write_text("old")
    git(job.workspace, "add", ".")
    git(job.workspace, "commit", "-q", "--no-verify", "-m", "start")
    hook.chmod(0o755)
    return origin


def git(folder, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    done = subprocess.run(
        [program("git"), *identity, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_committing_what_was_optimised(job, origin):
    """The smaller files, and nothing else, are committed and pushed; again there is nothing to do."""
    (job.workspace / "notes.txt").write_text("new")
    (job.workspace / "built.png").write_bytes(lined_png(seed=5))  # no part of the repository
    for _ in range(2):
        job.run(path=".")
        log = job.step("Commit what was optimised")
    assert "nothing to commit" in log
    assert git(origin, "log", "--format=%s %an", "topic") == [
        "Optimise images and PDFs github-actions[bot]",
        "start t",
    ]
    changed = git(origin, "show", "--format=", "--name-only", "topic")
    assert changed == ["-b.jpg", "pub lic/a.png"]
    assert job.read("notes.txt") == b"new"


def test_committing_to_a_fork_or_to_no_branch(job, origin):
    """Nothing is committed to a fork; without a branch the job fails and says what to do."""
    job.run(path=".")
    git(job.workspace, "checkout", "-q", "--detach")
    log = job.step("Commit what was optimised", code=2)
    assert "no branch is checked out to commit to" in log
    fork = {"number": 7, "head": {"repo": {"full_name": "other/name"}}}
    job.event.write_text(json.dumps({"pull_request": fork}))
    assert "comes from a fork" in job.step("Commit what was optimised")
    assert not git(origin, "branch")


def test_a_push_that_is_refused_fails_the_job(job, origin):
    """Git's own words are shown, and what the step needs."""
    job.run(path=".")
    shutil.rmtree(origin)
    log = job.step("Commit what was optimised", code=2)
    assert "::error title=ir-build::git push: " in log
    assert "contents: write" in log


def test_no_input_reaches_a_shell_as_code():
    """Inputs and contexts go to the scripts by the environment, never into a command line."""
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
