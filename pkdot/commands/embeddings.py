"""``embeddings``: two sets of embeddings compared, without any training."""

import argparse
from pathlib import Path
from typing import Any

from ..errors import ConfigError, InputError

HELP = "compare two sets of embeddings, without training, and keep the record"
TASKS = ("auto", "classification", "ordinal", "regression", "multilabel")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("teacher", type=Path, help="embeddings: npy, npz, csv or parquet")
    parser.add_argument("student", type=Path, help="embeddings of the same samples")
    parser.add_argument(
        "--names", nargs=2, metavar="NAME", help="what the two are called (their files' names)"
    )
    parser.add_argument("--targets", type=Path, metavar="FILE", help="classes, labels or values")
    parser.add_argument(
        "--target", nargs="+", metavar="COLUMN", help="columns of --targets that count (all)"
    )
    parser.add_argument(
        "--task", choices=TASKS, default="auto", help="what the targets are (auto: by their form)"
    )
    parser.add_argument(
        "--ids",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="names of the rows, one file for both or one each; a column called id or sample_id "
        "is found by itself",
    )
    parser.add_argument(
        "--groups", type=Path, metavar="FILE", help="a group a sample, a subject say"
    )
    parser.add_argument(
        "--probe",
        metavar="N|FILE",
        help="how many samples the pages show, or a file with their names (1000, or all)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw of the probe (0)")
    parser.add_argument(
        "--drop-missing", action="store_true", help="leave out samples that hold NaN"
    )
    parser.add_argument(
        "--maps",
        nargs="+",
        choices=("pca", "umap"),
        default=["pca"],
        help="maps that are kept (pca)",
    )
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where records are kept")


def run(arguments: argparse.Namespace) -> int:
    from ..record.embeddings import compare_embeddings, names_of_files

    given = arguments
    if given.target and not given.targets:
        raise ConfigError("--target names columns of a file; give --targets FILE too.")
    if given.task != "auto" and not given.targets:
        raise ConfigError(f"--task {given.task} says what targets are; give --targets FILE too.")
    if given.ids and len(given.ids) > 2:
        raise ConfigError(f"--ids takes one file or two, not {len(given.ids)}.")
    try:
        record = compare_embeddings(
            given.teacher,
            given.student,
            _targets(given),
            names=given.names or names_of_files(given.teacher, given.student),
            **_ids(given),
            probe=_probe(given.probe),
            seed=given.seed,
            runs_dir=given.runs,
            groups=given.groups,
            task=None if given.task == "auto" else given.task,
            drop_missing=given.drop_missing,
            maps=given.maps,
        )
    except InputError as error:  # all of it was typed here
        raise ConfigError(str(error)) from None
    facts, metrics = record.facts, record.metrics
    left_out = f" ({facts['left out']} with NaN left out)" if facts["left out"] else ""
    print(
        f"{facts['samples']} samples{left_out}, joined {facts['joined']}; probe: {facts['probe']}."
    )
    if given.targets:
        chosen = "" if given.task != "auto" else "; --task takes them for something else"
        print(f"The targets are {record.task.summary}{chosen}.")
    for split, words in (("all", "Over all samples"), ("probe", "On the probe")):
        own = metrics[metrics["split"] == split].set_index("name")["value"]
        values = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in own.items())
        print(f"{words}: {values}.")
    print(f"The record is {record.path}.")
    return 0


def _targets(given: argparse.Namespace) -> Any:
    if given.targets is None:
        return None
    from ..record.embeddings.files import read_columns

    return read_columns(given.targets, tuple(given.target or ()))


def _ids(given: argparse.Namespace) -> dict[str, Any]:
    """Names of the teacher's rows and, where a second file holds them, of the student's."""
    if not given.ids:
        return {}
    from ..record.embeddings.files import read_names

    return dict(zip(("ids", "student_ids"), map(read_names, given.ids), strict=False))


def _probe(given: str | None) -> Any:
    if given is None or given.lstrip("-").isdigit():
        return None if given is None else int(given)
    from ..record.embeddings.files import read_names

    return read_names(given)
