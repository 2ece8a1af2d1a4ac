"""What an HTML report of many files weighs, and what it costs to write and to draw."""

from __future__ import annotations

import io
import random
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from ir_build.errors import Reason
from ir_build.formats import MediaType
from ir_build.outcome import Compressed, Kept, Outcome
from ir_build.report import Report
from ir_build.view import Pictured, View, Views

_BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
_FLAGS = ("--no-sandbox", "--disable-gpu")
_KINDS = tuple(MediaType)
# Pictures, and their sides in pixels.
_SHOWN, _NOISE = 24, 75


def measure(files: int) -> None:
    """Print bytes, and CPU seconds to write the report, to draw it, and to sort its table."""
    draw = random.Random(1)
    outcomes = tuple(_outcome(number, draw) for number in range(files))
    pictures = tuple(
        map(_pictured, [one for one in outcomes if isinstance(one, Compressed)][:_SHOWN])
    )
    report = Report(outcomes, "the engine", 60.0, pictures=pictures)
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


def _pictured(outcome: Compressed) -> Pictured:
    """A picture of noise, as large as it may be in a report of 10,000 files."""
    noise = np.random.default_rng(1).integers(0, 256, (_NOISE, _NOISE, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    view = View((0, 0, _NOISE, _NOISE), file.getvalue(), file.getvalue())
    assert outcome.media is not None, "each has one"
    return Pictured(
        outcome.name, outcome.media, outcome.before, outcome.after, outcome.score,
        Views((_NOISE, _NOISE), (view,)),
    )  # fmt: skip


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
