"""Forms in pdf.js, which browsers show PDFs with: filled there, they come out as before."""

import base64
from pathlib import Path

import numpy as np
import pytest

from forms import VALUES, drawn, form_file, installed
from ir_build.engine.pdf import codec as pdf
from ir_build.options import Compression, Options

LOSSLESS = Options(compression_type=Compression.LOSSLESS)
SPELLINGS = ["plain", "line ends", "escapes", "indirect", "inherited", "resources of appearances"]
HERE = "http://localhost/"
TYPES = {".mjs": "text/javascript", ".pfb": "application/octet-stream"}
FILL = """async ([file, values]) => {
    const pdfjs = await import("/build/pdf.min.mjs");
    pdfjs.GlobalWorkerOptions.workerSrc = "/build/pdf.worker.min.mjs";
    const data = Uint8Array.from(atob(file), (one) => one.charCodeAt(0));
    const loading = pdfjs.getDocument({ data, standardFontDataUrl: "/standard_fonts/" });
    const opened = await loading.promise;
    const page = await opened.getPage(1);
    for (const field of await page.getAnnotations()) {
        const name = field.fieldName.split(".").at(-1);
        opened.annotationStorage.setValue(field.id, { value: values[name] });
    }
    const viewport = page.getViewport({ scale: 2 });
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: viewport.width, height: viewport.height });
    const annotationMode = pdfjs.AnnotationMode.ENABLE_STORAGE;
    await page.render({ canvas, viewport, annotationMode }).promise;
    const saved = await opened.saveDocument();
    await loading.destroy();
    return [canvas.toDataURL(), btoa(Array.from(saved, (one) => String.fromCharCode(one)).join(""))];
}"""


@pytest.fixture(scope="module")
def pdfjs(browser, tmp_path_factory):
    """A page that fills forms: file to picture, as pdf.js shows it, and saved file."""
    root = installed(tmp_path_factory.mktemp("pdfjs"))
    page = browser.new_page()

    def answer(route):
        path = root / Path(route.request.url.removeprefix(HERE))
        if path == root:
            route.fulfill(body="<!doctype html><meta charset=utf-8>", content_type="text/html")
        else:
            route.fulfill(body=path.read_bytes(), content_type=TYPES[path.suffix])

    page.route(f"{HERE}**", answer)
    page.goto(HERE)

    def fill(data):
        picture, saved = page.evaluate(FILL, [base64.b64encode(data).decode(), VALUES])
        return picture, base64.b64decode(saved)

    yield fill
    page.close()


@pytest.mark.slow
def test_filled_in_the_browser_as_before(pdfjs):
    """What is typed into a compressed form looks as in the original, on the screen and once saved."""
    empty = drawn(form_file("plain"))
    for spelling in SPELLINGS:
        data = form_file(spelling)
        picture, saved = pdfjs(data)
        same_picture, same_saved = pdfjs(pdf.compress(data, LOSSLESS).data)
        assert picture == same_picture, spelling
        page = drawn(saved)
        assert np.array_equal(page, drawn(same_saved)), spelling
        for top in (25, 80, 135):
            assert not np.array_equal(page[top : top + 50], empty[top : top + 50]), spelling
