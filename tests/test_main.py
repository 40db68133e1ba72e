"""The command line, as a person types it."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from pkdot.__main__ import main, parser
from pkdot.commands import COMMANDS
from pkdot.experiments.sweep_tables import read_sweep

SMALL = [
    *("--set", "data.n_labelled=40", "--set", "data.n_unlabelled=80"),
    *("--set", "network.hidden=16", "--set", "training.epochs=2", "--set", "probe_size=20"),
]


def test_run_keeps_a_record_and_runs_lists_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--method", "kd", "--quiet", "--runs", str(tmp_path), *SMALL]) == 0
    told = capsys.readouterr().out
    (folder,) = tmp_path.iterdir()
    assert f"The record is {folder}." in told
    assert "student accuracy: " in told
    config = json.loads((folder / "run.json").read_text())["config"]
    assert config["network"]["hidden"] == 16
    assert main(["runs", "--runs", str(tmp_path)]) == 0
    assert folder.name in capsys.readouterr().out


def test_a_config_file_is_the_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"network": {"hidden": 24}, "method": "kd"}))
    runs = tmp_path / "runs"
    arguments = ["run", "--config", str(file), "--quiet", "--runs", str(runs), *SMALL[:4]]
    assert main([*arguments, "--set", "training.epochs=1"]) == 0
    config = json.loads(next(runs.glob("*/run.json")).read_text())["config"]
    assert config["network"]["hidden"] == 24
    assert config["method"] == "kd"
    assert config["training"]["epochs"] == 1


@pytest.mark.slow
def test_sweep_prints_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv = tmp_path / "cells.csv"
    arguments = ["sweep", "--method", "kd", "--seeds", "2", "--quiet", "--csv", str(csv)]
    assert main([*arguments, "--folder", str(tmp_path / "cells"), *SMALL]) == 0
    told = capsys.readouterr().out
    for title in ("logistic regression", "RBF SVM", "student alone", "soft labels", "teacher"):
        assert title in told
    assert "Over 2 seeds" in told
    assert len(csv.read_text().splitlines()) == 1 + 2 * 6
    (file,) = (tmp_path / "cells" / "scores").glob("digits-kd-*.json")
    (table,) = read_sweep(file)
    assert (table.corpus, table.unit, table.units) == ("digits", "seeds", ("0", "1"))
    assert {"alone", "kd", "teacher"} <= set(table.scores)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--method", "kt"], "Unknown distillation method 'kt'"),
        (["run", "--preset", "best"], "no preset 'best'"),
        (["run", "--preset", "paper", "--config", "x.json"], "give one of them"),
        (["run", "--set", "sead=1"], "did you mean 'seed'"),
        (["run", "--set", "k=10"], "did you mean 'options.pkdot.k'"),
        (["run", "--set", "options.pkdot=3"], "a group of settings"),
        (["run", "--set", "device=cuda"], "cannot use device 'cuda'"),
        (["run", "--set", "precision=16-mixed"], "bf16-mixed or 32-true"),
        (["run", "--set", "data.name=biovid", "--set", "data.rot=/x"], "did you mean 'root'"),
        (["run", "--set", 'maps=["umap"]', "--set", "probe_size=5"], "at least 8 probe samples"),
        (["sweep", "--csv", "nowhere/a.csv"], "no folder nowhere"),
        (["runs", "--runs", "nowhere"], "no folder nowhere"),
        (
            ["run", "--set", "options.pkdot.policy=shared", "--set", "options.pkdot.k=500"],
            "batch of more than 500",
        ),
        (["run", "--config", "nowhere.json"], "nowhere.json cannot be read"),
        (["sweep", "--engine", "slurm"], "dask://host:port"),
        (["evidence", "--regimes", "fwe"], "Unknown regime 'fwe'"),
        (["evidence", "--methods", "kdd"], "Unknown distillation method 'kdd'"),
        (["evidence", "--studies", "kk"], "Unknown study 'kk'"),
        (["evidence", "--seeds", "1"], "--seeds 1 gives no interval"),
        (["evidence", "--chosen", "nowhere"], "--chosen nowhere is no folder"),
        (["evidence", "--chosen", ".", "--step", "tune"], "leave out ceilings and tune"),
        (["evidence", "--first-seed", "3"], "serve tuning and comparison both"),
        (["evidence", "--people", "5", "--regimes", "few"], "none of the regimes few has any"),
        (["evidence", "--people", "1"], "people of seed 1; compare them on others"),
        (
            ["evidence", "--step", "ablate", "--regimes", "wrong"],
            "Studies are to run on 'few', which is not among the regimes wrong",
        ),
    ],
)
def test_misuse_ends_with_2_and_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def words_and_option(command: argparse.ArgumentParser) -> tuple[list[str], list[str]]:
    """Words that a command takes, two where it takes several, and one of its options."""
    words: list[str] = []
    option: list[str] = []
    for action in command._actions:
        if not action.option_strings:
            several = 2 if action.nargs in ("*", "+") else 1
            words += [str(next(iter(action.choices or ["7.png"])))] * several
        elif action.nargs == 0 and not isinstance(action, argparse._HelpAction):
            option = action.option_strings[:1]
        elif action.nargs in (None, 2) and not action.choices and not option:
            option = [action.option_strings[0], *["x=7"] * (action.nargs or 1)]
    return words, option


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_may_stand_anywhere_among_the_words(name: str) -> None:
    grammar = parser()
    commands = next(a for a in grammar._actions if isinstance(a, argparse._SubParsersAction))
    words, option = words_and_option(commands.choices[name])
    first = grammar.parse_args([name, *option, *words])
    for place in range(len(words) + 1):
        given = [name, *words[:place], *option, *words[place:]]
        assert grammar.parse_args(given) == first, given


def test_words_after_two_dashes_are_no_options() -> None:
    given = parser().parse_args(["predict", "--quiet", "--", "-run", "-path"])
    assert (given.record, given.path, given.quiet) == ("-run", Path("-path"), True)


def test_settings_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--method", "kd", "--settings"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "options.kd.temperature=2.0" in told
    assert 'data.name="digits"' in told


@pytest.mark.slow
def test_one_seed_is_told_without_an_interval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sweep", "--method", "kd", "--seeds", "1", "--quiet", "--folder", str(tmp_path)]
    assert main([*arguments, *SMALL]) == 0
    assert "One seed has no interval" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["sweep", "--seeds", "0"])


def test_a_diverging_run_is_a_failure_not_misuse(tmp_path: Path) -> None:
    arguments = ["run", "--quiet", "--runs", str(tmp_path), *SMALL]
    assert main([*arguments, "--set", "training.learning_rate=1e30"]) == 1


def test_failure_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "no folder"
    file.write_text("")
    assert main(["run", "--quiet", "--runs", str(file), *SMALL]) == 1
    assert "another runs_dir" in capsys.readouterr().err


def test_no_records_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "--runs", str(tmp_path)]) == 0
    assert "python -m pkdot run" in capsys.readouterr().out


def test_as_a_process() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pkdot", "sweep", "--set", "seed"], capture_output=True, text=True
    )
    assert told.returncode == 2
    assert "write name=value" in told.stderr


@pytest.mark.slow
def test_a_reader_who_leaves_early_gets_no_traceback() -> None:
    command = [sys.executable, "-m", "pkdot", "run", "--settings"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141


@pytest.mark.slow
def test_a_simulated_corpus_is_written_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dest = tmp_path / "corpus"
    sizes = ["--subjects", "3", "--windows", "1", "--jobs", "1", "--quiet"]
    assert main(["simulate", "biovid", str(dest), *sizes]) == 0
    assert f"check biovid {dest}" in capsys.readouterr().out
    assert main(["check", "biovid", str(dest), "--jobs", "1", "--quiet"]) == 0
    assert "SIMULATED" in capsys.readouterr().out
    assert main(["check", "biovid", str(tmp_path / "nowhere"), "--quiet"]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.slow
def test_bench_writes_a_page_each(tmp_path: Path) -> None:
    assert main(["bench", "transport", "gpu", "--quick", "--out", str(tmp_path)]) == 0
    assert "| ours ms |" in (tmp_path / "transport.md").read_text()
    assert "| classes | 64 | GeomLoss |" in (tmp_path / "gpu.md").read_text()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["speed"], "There is no page 'speed'; choose among transport"),
        (["transport", "--device", "cuda"], "Only the page gpu is measured on a device"),
        (["--device", "abacus"], "This machine cannot use device 'abacus'"),
    ],
)
def test_what_bench_cannot_measure_is_said(
    given: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *given, "--out", str(tmp_path)]) == 2
    assert sentence in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_report_of_no_evidence_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.md"
    arguments = ["evidence", "--step", "report", "--regimes", "few", "wrong", "--quick"]
    assert main([*arguments, "--folder", str(tmp_path / "kept"), "--report", str(report)]) == 0
    assert f"The report is {report}." in capsys.readouterr().out
    told = report.read_text()
    assert told.count("The comparison has not been run.") == 2
    assert "**Quick form**" in told
    assert not (tmp_path / "kept").exists(), "a report computes nothing"
    with pytest.raises(SystemExit, match="2"):
        main(["evidence", "--step", "everything"])
