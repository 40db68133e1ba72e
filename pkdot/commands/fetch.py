"""``fetch``: bring an open corpus from its publisher."""

import argparse
from pathlib import Path

HELP = "fetch an open corpus: spoken digits, or emotions in face and voice"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", choices=["fsdd", "ravdess", "cremad"])
    parser.add_argument("dest", type=Path, help="folder to fill; what is there stays")
    parser.add_argument(
        "--accept-licence", action="store_true", help="you have read its terms and keep to them"
    )
    parser.add_argument(
        "--parts",
        nargs="+",
        metavar="PART",
        help="ravdess: speech-sound speech-video (these two) song-sound song-video; cremad: sound "
        "video (both)",
    )
    parser.add_argument(
        "--actors", nargs="+", type=int, metavar="N", help="whose recordings (everybody's)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    from ..data.fetch import fetch
    from ..data.open.terms import TERMS

    print(TERMS[arguments.corpus].render(), flush=True)
    found = fetch(
        arguments.corpus,
        arguments.dest,
        accept_licence=arguments.accept_licence,
        parts=arguments.parts,
        actors=arguments.actors,
        progress=not arguments.quiet,
    )
    print(found.render())
    return 0
