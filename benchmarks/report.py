"""What an HTML report of many files weighs, and what it costs to write and to draw."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.outcome import Compressed, Kept, Outcome
from ir_build.report import Report

_BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
_FLAGS = ("--no-sandbox", "--disable-gpu")
_KINDS = tuple(MediaType)


def measure(files: int) -> None:
    """Print bytes, and CPU seconds to write the report, to draw it, and to sort its table."""
    draw = random.Random(1)
    report = Report(tuple(_outcome(number, draw) for number in range(files)), "the engine", 60.0)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "report.html"
        started = time.process_time()
        report.write(path)
        print(f"{files} files: {path.stat().st_size:,} bytes")
        print(f"to write: {time.process_time() - started:.2f} CPU s")
        for what, seconds in _drawn(path).items():
            print(f"{what}: {seconds:.2f} CPU s of the page's process")


def _outcome(number: int, draw: random.Random) -> Outcome:
    before = int(draw.lognormvariate(10.5, 1.4)) + 100
    name = f"reference/how-to-{number % 97}/screenshot-of-a-dialog-{number:05}.png"
    facts = {"name": name, "media": draw.choice(_KINDS), "before": before}
    if draw.random() < 0.3:
        return Kept(**facts, reason=draw.choice(list(Reason)))
    return Compressed(
        **facts, size=int(before * draw.uniform(0.2, 0.95)), lossy=True, score=draw.uniform(79, 95)
    )


def _drawn(path: Path) -> dict[str, float]:
    executable = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")

        def spent() -> float:
            page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(one["value"] for one in metrics if one["name"] == "ProcessTime")

        page.goto("about:blank")
        before = spent()
        page.goto(path.as_uri())
        shown = spent()
        page.locator(".files thead button").first.dispatch_event("click")
        ordered = spent()
        browser.close()
    return {"to draw": shown - before, "to sort by name": ordered - shown}
