"""The modules that the table of formats names have the functions they are called with."""

from ir_build.engine import Codec
from ir_build.engine.avif import codec as avif
from ir_build.engine.avif import marker as avif_marker
from ir_build.engine.gif import codec as gif
from ir_build.engine.gif import marker as gif_marker
from ir_build.engine.jpeg import codec as jpeg
from ir_build.engine.jpeg import marker as jpeg_marker
from ir_build.engine.pdf import codec as pdf
from ir_build.engine.pdf import marker as pdf_marker
from ir_build.engine.png import codec as png
from ir_build.engine.png import marker as png_marker
from ir_build.engine.svg import codec as svg
from ir_build.engine.svg import marker as svg_marker
from ir_build.engine.webp import codec as webp
from ir_build.engine.webp import marker as webp_marker
from ir_build.marker import Marker
from ir_build.verify import Verifier
from ir_build.verify import gif as gif_verifier
from ir_build.verify import pdf as pdf_verifier
from ir_build.verify import raster as raster_verifier
from ir_build.verify import svg as svg_verifier

codecs: list[Codec] = [jpeg, png, gif, webp, avif, svg, pdf]
markers: list[Marker] = [
    jpeg_marker,
    png_marker,
    gif_marker,
    webp_marker,
    avif_marker,
    svg_marker,
    pdf_marker,
]
verifiers: list[Verifier] = [raster_verifier, gif_verifier, svg_verifier, pdf_verifier]
