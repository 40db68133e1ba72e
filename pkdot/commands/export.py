"""``export``: a trained student, or the embeddings of a record, as files for other programs."""

import argparse
from pathlib import Path

from ..errors import ConfigError, InputError

HELP = "write a trained student, or a record's embeddings, to files for other programs"
TOOLS = ("atlas", "projector")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", metavar="RUN", help="a record's folder, or the name of a run")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--format",
        choices=["torch", "onnx"],
        default="torch",
        help="the student as torch.export or ONNX, checked (torch)",
    )
    what.add_argument(
        "--to",
        choices=TOOLS,
        help="the embeddings instead, for Embedding Atlas or TensorBoard's Projector",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        help="(RUN.pt2 or RUN.onnx, here; with --to a new folder RUN-atlas or RUN-projector)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="recordings to check the file on, where the run's own data are not at hand",
    )
    parser.add_argument("--epoch", type=int, help="of the embeddings (the best, or the last)")
    parser.add_argument("--map", choices=["pca", "umap"], help="of the embeddings, for atlas (pca)")
    parser.add_argument(
        "--neighbours", type=int, metavar="K", help="of each sample, for atlas (15)"
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    return _student(arguments) if arguments.to is None else _embeddings(arguments)


def _embeddings(given: argparse.Namespace) -> int:
    from ..record import find_record
    from ..record.export import export_embeddings

    if given.data is not None:
        raise ConfigError("--data checks an exported student; leave it out with --to.")
    options = {"epoch": given.epoch, "projection": given.map, "neighbours": given.neighbours}
    if given.to != "atlas" and (given.map or given.neighbours):
        raise ConfigError("--map and --neighbours are for --to atlas; leave them out.")
    record = find_record(given.record, given.runs)
    out = given.out or Path(f"{record.run_id}-{given.to}")
    chosen = {name: value for name, value in options.items() if value is not None}
    try:
        folder = export_embeddings(record, given.to, out, **chosen)
    except InputError as error:  # all of it was typed here
        raise ConfigError(str(error)) from None
    print(f"The embeddings of {record.run_id} are in {folder}. Open them with:")
    if given.to == "atlas":
        columns = "--x projection_x --y projection_y --neighbors neighbors"
        for network in ("teacher", "student"):
            print(f"  embedding-atlas {folder / network}.parquet {columns}")
    else:
        print(f"  tensorboard --logdir {folder}")
    return 0


def _student(arguments: argparse.Namespace) -> int:
    if any(value is not None for value in (arguments.epoch, arguments.map, arguments.neighbours)):
        raise ConfigError(
            f"--epoch, --map and --neighbours choose embeddings; give --to {' or '.join(TOOLS)}."
        )
    from ..experiments.student.export import ENDINGS, check_form, export_student
    from ..experiments.student.loaded import load_student
    from ..experiments.student.probe_samples import probe_samples
    from ..record import find_record

    record = find_record(arguments.record, arguments.runs)
    student = load_student(record)
    out = arguments.out or Path(record.run_id + ENDINGS[arguments.format])
    check_form(student, arguments.format, out)
    samples = probe_samples(student, arguments.data, progress=not arguments.quiet)
    done = export_student(student, samples, out, arguments.format)
    print(
        f"{done.path} answers as the module does: they differ by {done.difference:.1e} at most, "
        f"over {done.samples} samples."
    )
    return 0
