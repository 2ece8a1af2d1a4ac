"""`python benchmarks`: see README.md."""

from __future__ import annotations

import argparse
from pathlib import Path

import cores
import curve
import equal
import hook
import pdf
import peers
import places
import quality
import throughput
import warm
import worth

import advice

parser = argparse.ArgumentParser(prog="python benchmarks")
parser.add_argument("folder", type=Path, nargs="?", help="images and PDFs to measure on")
parser.add_argument("after", type=Path, nargs="?", help="the same site after, with --pages")
parser.add_argument("--lossless", action="store_true", help="measure lossless compression")
parser.add_argument("--effort", default="default", help="fast, default or best")
parser.add_argument("--no-score", action="store_true", help="leave the perceptual quality out")
what = parser.add_mutually_exclusive_group()
what.add_argument("--peers", action="store_true", help="other tools on the same files, too")
what.add_argument("--install-peers", action="store_true", help="install them in benchmarks/.peers")
what.add_argument("--equal", action="store_true", help="JPEG against libjpeg-turbo at equal score")
what.add_argument("--curve", type=Path, metavar="SVG", help="draw bytes against CPU by effort")
what.add_argument(
    "--places",
    type=Path,
    metavar="PICTURES",
    help="draw and print what each limit on places is for",
)
what.add_argument("--cores", action="store_true", help="two workers against one, and memory")
what.add_argument(
    "--pdf", type=Path, metavar="PYTHON", help="PDFs beside peers; PYTHON has ocrmypdf installed"
)
what.add_argument("--worth", action="store_true", help="what each step of the engine saves")
what.add_argument(
    "--sweep",
    nargs="+",
    metavar=("CONSTANT", "VALUE"),
    help="module:name in ir_build.engine, and the values to try beside its own",
)
what.add_argument("--warm", action="store_true", help="measure a warm run over many small files")
what.add_argument("--hook", action="store_true", help="measure the hook on unchanged files")
what.add_argument("--server", action="store_true", help="what the server bears")
what.add_argument("--soak", type=float, metavar="SECONDS", help="kill servers amid uploads")
what.add_argument("--pages", action="store_true", help="two builds of a site in Chromium")
what.add_argument(
    "--advise",
    type=Path,
    metavar="LIGHTHOUSE",
    help="advice on a site beside Lighthouse's JSON files",
)
what.add_argument("--report", action="store_true", help="an HTML report of many files")
what.add_argument("--throughput", action="store_true", help="measure builds by a slow server")
parser.add_argument(
    "--files", type=int, help="how many: --warm, --report, --throughput, --worth, --sweep"
)
parser.add_argument("--concurrency", type=int, default=16, help="calls at once, with --throughput")
parser.add_argument("--sample", type=int, metavar="N", help="so many pages, with --pages")
parser.add_argument("--base", default="/", help="the path the site is served at, with --pages")
parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it, with --pages")
arguments = parser.parse_args()

if arguments.warm:
    warm.measure(arguments.files or 10_000)
elif arguments.throughput:
    throughput.measure(arguments.files or 500, arguments.concurrency)
elif arguments.report:
    import report  # stands on Playwright

    report.measure(arguments.files or 10_000)
elif arguments.hook:
    hook.measure()
elif arguments.server:
    import uploads  # stands on the extra `server`

    uploads.measure()
elif arguments.soak:
    import soak

    soak.soak(arguments.soak)
elif arguments.install_peers:
    peers.install()
elif arguments.places:
    places.draw(arguments.places)
elif arguments.pages and not (arguments.folder and arguments.after):
    parser.error("give two folders, before and after: python benchmarks BEFORE AFTER --pages")
elif arguments.pages:
    import pages  # stands on Playwright, which nothing else here needs

    pages.measure(
        arguments.folder,
        arguments.after,
        sample=arguments.sample,
        base=arguments.base,
        to_json=arguments.json,
    )
elif arguments.folder is None:
    parser.error("give a folder, --places, --warm, --hook or --throughput")
elif arguments.advise:
    advice.measure(arguments.folder, arguments.advise)
elif arguments.equal:
    equal.measure(arguments.folder, effort=arguments.effort)
elif arguments.curve:
    curve.draw(arguments.folder, arguments.curve)
elif arguments.cores:
    cores.measure(arguments.folder)
elif arguments.pdf:
    pdf.measure(arguments.folder, arguments.pdf)
elif arguments.worth:
    worth.measure(
        arguments.folder,
        most=arguments.files,
        kind="lossless" if arguments.lossless else "lossy",
        effort=arguments.effort,
    )
elif arguments.sweep:
    worth.sweep(
        arguments.folder,
        arguments.sweep[0],
        arguments.sweep[1:],
        most=arguments.files,
        effort=arguments.effort,
    )
elif arguments.peers and not peers.installed():
    parser.error("install the peers first: python benchmarks --install-peers")
else:
    quality.measure(
        arguments.folder,
        kind="lossless" if arguments.lossless else "lossy",
        effort=arguments.effort,
        score=not arguments.no_score,
        beside_peers=arguments.peers,
    )
