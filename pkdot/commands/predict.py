"""``predict``: answers of a trained student for new recordings."""

import argparse
import sys
from pathlib import Path

from ..errors import ConfigError
from .experiment_arguments import setting

HELP = "answers of a trained student for new recordings, or its model card"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", metavar="RUN", help="a record's folder, or the name of a run")
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        metavar="PATH",
        help="recordings: a table, an .npz file or a folder; only prevalent modalities are read; "
        "for a student of Aff-Wild2 the database's folder, whose test videos are answered",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="a .csv or .parquet file, or a .txt submission to Aff-Wild2 (csv, printed)",
    )
    parser.add_argument("--card", action="store_true", help="print the model card, and stop")
    parser.add_argument(
        "--set",
        type=setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="how recordings are read, e.g. id=name or media.sound_seconds=3; may be repeated",
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")
    parser.add_argument("--quiet", action="store_true", help="no progress bars")


def run(arguments: argparse.Namespace) -> int:
    from ..experiments.student.card import model_card
    from ..record import find_record

    record = find_record(arguments.record, arguments.runs)
    if arguments.card:
        print(model_card(record), end="")
        return 0
    if arguments.path is None:
        raise ConfigError("Name the recordings to answer for, or --card for the model card alone.")
    from ..experiments.student.loaded import load_student
    from ..experiments.student.predict import Prediction, check_out, write_answers
    from ..experiments.student.recordings import open_recordings

    if arguments.out is not None:
        check_out(arguments.out, arguments.path if arguments.path.exists() else None)
    student, progress = load_student(record), not arguments.quiet
    recordings = open_recordings(student, arguments.path, dict(arguments.set), progress=progress)
    prediction = Prediction(student, recordings, progress=progress)
    size = len(recordings.ids)
    if len(prediction.left) == size:
        raise ConfigError(
            f"None of the {size} samples of {arguments.path} can be answered, as "
            f"{' or '.join(student.prevalent)} is absent or damaged in each; `check own` says what "
            f"is wrong with them."
        )
    if prediction.left:
        shown = ", ".join(prediction.left[:5]) + (", …" if len(prediction.left) > 5 else "")
        print(
            f"{len(prediction.left)} of {size} samples have no answer, as "
            f"{' or '.join(student.prevalent)} is absent or damaged: {shown}.",
            file=sys.stderr,
        )
    if arguments.out is None:
        for number, table in enumerate(prediction.tables()):
            table.to_csv(sys.stdout, index=False, header=number == 0)
        return 0
    write_answers(prediction, arguments.out, student.card)
    print(f"{size - len(prediction.left)} answers of {size} samples are in {arguments.out}.")
    return 0
