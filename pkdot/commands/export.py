"""``export``: a trained student as a file for other programs."""

import argparse
from pathlib import Path

HELP = "write a trained student to a file for other programs, and check it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", metavar="RUN", help="a record's folder, or the name of a run")
    parser.add_argument(
        "--format", choices=["torch", "onnx"], default="torch", help="torch.export or ONNX (torch)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="(RUN.pt2 or RUN.onnx, here)")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="recordings to check the file on, where the run's own data are not at hand",
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
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
