"""SVG: drawings of every kind look the same in Chromium before and after."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from browser.capture import screenshot
from ir_build.candidate import Candidate
from ir_build.engine.svg import codec as svg
from ir_build.engine.svg import float32
from ir_build.formats import MediaType
from ir_build.options import Compression, Options
from ir_build.verify import verify
from pictures import encoded

_SIZE = {"width": 320, "height": 240}


def photo_address():
    """A picture that is worth a JPEG, as a data address."""
    y, x = np.mgrid[:96, :128]
    pixels = np.stack([x * 2, y * 2, (x * y) % 256], -1).astype(np.uint8)
    image = Image.fromarray(pixels).resize((256, 192), Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).ellipse((40, 40, 160, 120), fill="orange", outline="black", width=3)
    return data_address(encoded(image, "JPEG", quality=97))


def data_address(jpeg):
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


_EDITORS = (
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
    'xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" '
    'xmlns:i="http://ns.adobe.com/AdobeIllustrator/10.0/"'
)
# What is inside of an SVG of 320 x 240.
DRAWINGS = {
    "gradients": """<defs>
        <linearGradient id="a" x1="0.000" x2="1.000"><stop offset="0.0" stop-color="#FF0000"/>
        <stop offset="1.0" stop-color="#00FF00"/></linearGradient>
        <radialGradient id="b" gradientTransform="rotate(  30.0 )"><stop stop-color="#FFFFFF"/>
        <stop offset="100%" stop-color="navy"/></radialGradient></defs>
        <rect x="0" y="0px" width="160.00px" height="240" fill="url(#a)"/>
        <circle cx="240" cy="120" r="70.500" fill="url(#b)"/>""",
    "clipPath": """<clipPath id="c"><path d="M 10.00,10.00 C 110.12345,10 210.5,110.25 210 210
        L 10 210 Z"/></clipPath><clipPath id="d" clipPathUnits="objectBoundingBox">
        <path d="M0.0123456 0.1L0.9876543 0.05 0.5 0.95z"/></clipPath>
        <rect width="300" height="220" fill="teal" clip-path="url(#c)"/>
        <rect x="200" y="50" width="100" height="150" fill="crimson" clip-path="url(#d)"/>""",
    "group in a clipPath": """<clipPath id="c"><g><rect width="50" height="50"/></g>
        <rect width="200" height="150"/></clipPath>
        <rect width="300" height="220" fill="teal" clip-path="url(#c)"/>""",
    "mask": """<mask id="m"><g><rect width="320" height="240" fill="#FFFFFF"/>
        <circle cx="160" cy="120" r="60" fill="#000000"/></g></mask>
        <path d="M0 0H320V240H0Z" fill="#3366CC" mask="url(#m)"/>""",
    "use and symbol": """<symbol id="s" viewBox="0 0 10.0 10.0"><path id="p"
        d="M1.00 1.00L9.0 1.0L9 9L5.00001 5.00001C4 6 3 7 1 9Z"/></symbol>
        <use href="#s" x="10" y="10" width="100" height="100"/>
        <use href="#s" x="120" y="0" width="200" height="200" fill="green"/>
        <g stroke="red" fill="none" transform="translate(20 150) scale(8)"><use href="#p"/></g>""",
    "selectors": """<style type="text/css"><![CDATA[
        /* colours */ .a > rect , .b circle { fill : #FF0000 ; stroke: #000000; }
        g.c :last-of-type { fill: rgb( 0 , 128 , 0 ) ; }
        @media (min-width: 10px) { #d { stroke-width : 6px } }
        ]]></style><g class="a"><rect x="10" y="10" width="90" height="90"/><g><rect x="110"
        y="10" width="90" height="90"/></g></g><g class="b"><g><circle cx="60" cy="170" r="40"/>
        </g></g><g class="c"><rect id="d" x="120" y="120" width="80" height="80" stroke="blue"/>
        </g>""",
    "sibling selectors": """<style>rect:nth-child(2) { fill: lime } g + rect { fill: red }</style>
        <g></g><rect x="10" y="10" width="90" height="90"/><rect x="150" width="90" height="90"/>""",
    "text": """<text x="20" y="50" font-size="24" xml:space="preserve">a   wide
        <tspan fill="red" dx="10">  word </tspan> end</text>
        <text x="20" y="120" font-size="24">one <tspan font-weight="bold">two</tspan>
        three <a href="#x">  four  </a></text>
        <path id="t" d="M 20.0 200.0 Q 160.00 120.0 300 200" fill="none"/>
        <text font-size="20"><textPath href="#t"> along  a  line </textPath></text>""",
    "markers": """<defs><marker id="k" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="8"
        markerHeight="8" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z"/></marker></defs>
        <path d="M 40 40 L 160 40 L 160.00 40.00 L 280 120 C 280 160 240 200 160 200 Z" fill="none"
        stroke="#CC0000" stroke-width="3" marker-start="url(#k)" marker-mid="url(#k)"
        marker-end="url(#k)"/>""",
    "markers without a pen": """<defs><marker id="k" markerWidth="20" markerHeight="20"
        refX="10" refY="10" markerUnits="userSpaceOnUse"><circle cx="10" cy="10" r="8"/></marker>
        </defs><path d="M40 40L160 40L160 40L160 160L40 40Z" fill="pink"
        style="marker-mid: url(#k)"/>""",
    "pattern": """<pattern id="q" width="0.1" height="0.1"><rect x="0" y="0" width="8.000"
        height="8.000" fill="#AA00AA"/><path d="M 8.123456 8.123456 L 16.654321 16.123456"
        stroke="black"/></pattern><rect x="20" y="20" width="280" height="200" fill="url(#q)"/>""",
    "filters": """<filter id="f" x="-0.2000" width="1.40"><feGaussianBlur stdDeviation="4.0"
        in="SourceAlpha" result="r"/><feOffset dx="6.0" dy="6.0"/><feMerge><feMergeNode/>
        <feMergeNode in="SourceGraphic"/></feMerge></filter>
        <rect x="60" y="60" width="150" height="100" fill="#FFCC00" filter="url(#f)"/>""",
    "nested svg": """<svg x="0" y="0" width="50%" height="50%" viewBox="0 0 10 10"
        preserveAspectRatio="none"><circle cx="5" cy="5" r="4.5"/></svg>
        <svg x="160" y="120" width="160px" height="120px" viewBox="0 0 1000 1000"><path
        d="M100.0001 100.0001 L 900.4999 500.5001 L 100 900 z" fill="#00F"/></svg>""",
    "animation": """<g><animateTransform attributeName="transform" type="translate"
        to="60 40" dur="1s" fill="freeze"/><rect x="0" y="0" width="80" height="60" fill="navy"/>
        </g><path d="M 10 100 L 60 100 L 60 150 Z"><animate attributeName="d" dur="1s"
        to="M 10 100 L 200 100 L 200 200 Z" fill="freeze"/></path>""",
    "script": """<g><g><rect id="r" width="50" height="50"/></g></g> <g/>
        <script>
        const groups = document.querySelectorAll('g').length;
        document.getElementById('r').setAttribute('width', 60 * groups);
        </script>""",
    "foreignObject": """<g><foreignObject width="300" height="200"><div
        xmlns="http://www.w3.org/1999/xhtml" style="white-space: pre; font: 20px serif">  a   b
      <b> c </b>  <style>  b {  color : #FF0000 ;  }  </style></div></foreignObject></g>""",
    "flowing text": """<foreignObject width="300" height="200"><div
        xmlns="http://www.w3.org/1999/xhtml"
        style="display: flex; justify-content: space-between; color: rgb(0, 0, 128); ">
          one   <b> two </b>
          <span>  three
             four </span>   </div></foreignObject>
        <text x="20" y="220"
          font-size="20">  of
             its   own  </text>""",
    "single precision": """<path fill="none" stroke="black" d="M 100.123 50.77 L 200.456 50.77
        L 200.456 150.31 L 100.999 149.9 L 33.337 77.771 L 34.003 78.07"/><path d="M 250.43 200.11
        C 260.77 210.03 270.19 220.61 300.01 230.97 C 310.3 235.1 300.7 238.11 305.11 239.03 Z"/>
        """,
    "switch": """<switch><foreignObject width="200" height="100"><p
        xmlns="http://www.w3.org/1999/xhtml">first</p></foreignObject><g><text y="40">second</text>
        </g></switch>""",
    "editor data": f"""<g {_EDITORS} inkscape:label="Layer" i:layer="yes"><sodipodi:namedview
        pagecolor="#ffffff" inkscape:zoom="1"/><i:pgf>AAAA</i:pgf>
        <path inkscape:connector-curvature="0" sodipodi:nodetypes="cccc"
        style="fill:#FF6600;stroke:none;-inkscape-font-specification:Sans"
        d="M 32.123456,40.654321 C 100.111111,-20.2 220.333333,260.6 288.123456,40.123456
        L 160.5,220.25 Z"/></g>""",
    "titles": """<g><title>of the group</title><rect x="40" y="40" width="60" height="60"/></g>
        <g><g><desc>words</desc><circle cx="200" cy="100" r="50"/></g></g>""",
    "small curves": """<g fill="#224466"><path d="M35.226 5c.333 0 .605.106.818.32.212.212.319.485
        .319.816v2.273c0 .332-.107.604-.32.817-.212.212-.484.32-.817.32H10.227c-1.562 0-2.9.555
        -4.013 1.668s-1.669 2.45-1.669 4.013v29.545c0 1.563.556 2.9 1.669 4.013s2.45 1.668 4.013
        1.668h29.546z" transform="scale(4.5)"/><path d="M200 40h60l0 0v60s0 0 0 0h-60Z"/></g>""",
    "arcs": """<path d="M 80 120 A 60 40.0 30.0 1 0 200.0 120.0 a 10.5,10.5 0 0 1 21.123,0 Z"
        fill="olive" stroke="black" stroke-width="2.50"/>""",
    "pen": """<path d="M20.1234 20.4321 L 20.12349 20.43219 L 150 30 C 150 30 180 30 200 90 Z"
        fill="none" stroke="#008800" stroke-width="12" stroke-linejoin="miter"/>
        <path d="M 250 60 L 250 60" stroke="purple" stroke-width="30" stroke-linecap="round"/>
        <polyline points="20,150 100,230 180,150" fill="none" stroke="black"/>""",
    "pictures": f"""<image x="0" y="0" width="150" height="112" href="{photo_address()}"/>
        <image x="160" y="120" width="150" height="112" href="{photo_address()}"
        style="image-rendering: pixelated"/>""",
}


def svg_file(name):
    """The file of that name, spread out as people and editors write it."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- a drawing -->\n'
        '<svg version="1.1" xmlns="http://www.w3.org/2000/svg" width="320px" height="240px" '
        f'viewBox="0 0 320 240">\n  {DRAWINGS[name]}\n</svg>\n'
    ).encode()


@pytest.fixture(scope="module")
def page(browser):
    context = browser.new_context(viewport=_SIZE)
    yield context.new_page()
    context.close()


def screenshot_of(page, path, data):
    """What Chromium makes of the file, at the end of its animations."""
    path.write_bytes(data)
    page.goto(path.as_uri())
    page.evaluate("document.documentElement.pauseAnimations()")
    page.evaluate("document.documentElement.setCurrentTime(1)")
    return np.asarray(Image.open(io.BytesIO(screenshot(page))).convert("RGB")).astype(int)


def psnr(difference):
    return 10 * np.log10(255**2 / max(1e-9, (difference**2).mean()))


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_browser_shows_the_same(page, tmp_path, name):
    """Lossless to the last pixel; lossy but for the rounding of edges and pictures inside."""
    data = svg_file(name)
    before = screenshot_of(page, tmp_path / "before.svg", data)
    assert np.ptp(before) > 100, "nothing is drawn"
    for compression in (Compression.LOSSLESS, Compression.LOSSY):
        options = Options(compression_type=compression)
        candidate = svg.compress(data, options)
        assert len(candidate.data) < len(data)
        assert svg.compress(candidate.data, options).data == candidate.data
        assert verify(data, candidate, MediaType.SVG, options).ok
        difference = abs(screenshot_of(page, tmp_path / "after.svg", candidate.data) - before)
        if compression is Compression.LOSSLESS or not candidate.lossy:
            assert not difference.any()
        elif name == "pictures":
            assert difference.mean() < 2
        else:
            # Edges may be a fraction of a pixel off: Chromium cuts each kind of curve into
            # pieces of another length.
            assert difference.max() < 96
            assert psnr(difference) > 48


def test_numbers_are_read_as_the_browser_reads_them(page):
    """Digit by digit in single precision, which is not always the nearest number."""
    numbers = [f".{number * 7919 % 10**6:06}" for number in range(1000)]
    numbers += [f"-{number * 17}.{number * 7919 % 10**9:09}" for number in range(1000)]
    numbers += [f"{number * 7919 % 10**5}.{number}e-{number % 30}" for number in range(1000)]
    page.goto("about:blank")
    page.set_content('<svg><path id="path"/></svg>')
    found = page.evaluate(
        """numbers => numbers.map(number => {
            path.setAttribute("d", `M${number} 0`)
            return path.getPointAtLength(0).x
        })""",
        numbers,
    )
    assert found == [float32.read(number) for number in numbers]
    assert found != [float32.single(float(number)) for number in numbers]


def test_pictures_inside_are_compressed():
    """A picture inside is optimised under the same promise as a file; the same one once."""
    data = svg_file("pictures")
    assert len(svg.compress(data, Options()).data) < 0.6 * len(data)
    assert svg.compress(data, Options()).lossy
    exact = svg.compress(data, Options(compression_type=Compression.LOSSLESS))
    assert not exact.lossy
    assert len(exact.data) < len(data)


def test_a_changed_picture_inside_is_noticed():
    """Another picture, or one picture less, is no candidate."""
    data = svg_file("pictures")
    address = photo_address().encode()
    green = data_address(encoded(Image.new("RGB", (256, 192), "green"), "JPEG")).encode()
    for other in (data.replace(address, green, 1), data.replace(address, b"photo.jpg", 1)):
        verdict = verify(data, Candidate(other, lossy=True), MediaType.SVG, Options())
        assert not verdict.ok
        assert "inside" in verdict.detail
