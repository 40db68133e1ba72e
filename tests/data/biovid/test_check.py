"""``check``: one corpus with every damage in it, what is said of it, and when it is unusable."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from pkdot.data.biovid.check import CheckReport, check
from pkdot.data.simulate.biovid import simulate
from pkdot.errors import ConfigError, DataError
from tests.support import biovid_files as files

pytestmark = pytest.mark.slow


def run(root: Path, **more: object) -> CheckReport:
    return check(root, jobs=1, progress=False, **more)  # type: ignore[arg-type]


def samples(root: Path) -> list[str]:
    return sorted(path.stem for path in (root / "video").rglob("*.mp4"))


@pytest.fixture(scope="module")
def damaged(
    biovid_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """Every damage of the list in one folder, and sample -> kind as the report should say."""
    root = files.copy(biovid_root, tmp_path_factory.mktemp("damaged") / "c")
    names = samples(root)  # four a subject: BL1, BL1, PA4, PA4
    tables = {name: next(root.rglob(f"{name}_bio.csv")) for name in names}
    videos = {name: next(root.rglob(f"{name}.mp4")) for name in names}

    def change(which: int, **columns: object) -> str:
        name = names[which]
        table = files.read_table(tables[name])
        for column, values in columns.items():
            table[column] = values
        files.write_table(tables[name], table)
        return name

    expected = {}
    files.truncate(videos[names[0]], 0.6)
    expected[names[0]] = "unreadable"
    tables[names[2]].unlink()
    expected[names[2]] = "missing"
    files.write_table(tables[names[4]], files.read_table(tables[names[4]]), sep=",")
    expected[names[4]] = "separator"
    table = files.read_table(tables[names[6]]).rename(columns={"gsr": "EDA"})
    files.write_table(tables[names[6]], table)
    expected[names[6]] = "column"
    gsr = files.read_table(tables[names[8]]).gsr
    holes = np.random.default_rng(0).permutation(len(gsr))
    change(8, gsr=gsr.where(~np.isin(np.arange(2816), holes[:28])))  # 1 %: stays
    change(9, gsr=gsr.where(~np.isin(np.arange(2816), holes[:845])))  # 30 %: goes
    expected[names[9]] = "gaps"
    change(10, ecg=0.0)
    expected[names[10]] = "flat"
    longer = files.read_table(tables[names[11]])
    longer = longer.loc[np.repeat(longer.index, 2)[:5600]]
    longer["time"] = np.arange(5600) * 1000  # 1000 Hz: stays
    files.write_table(tables[names[11]], longer)
    for name in names[14:16]:  # the fourth subject has no PA4 left
        videos[name].unlink()
        expected[name] = "missing"
    locked = videos[names[20]].parent  # the last subject's folder leads nowhere but to itself
    shutil.rmtree(locked)
    locked.symlink_to(locked)
    expected |= dict.fromkeys(names[20:], "unreadable")
    return root, expected


def test_every_damage_is_found_and_named(damaged: tuple[Path, dict[str, str]]) -> None:
    root, expected = damaged
    report = run(root)
    assert {damage.sample: damage.kind for damage in report.damages} == expected
    assert report.odd_rates == {
        f"1000 Hz ({name})": 1
        for name in ("eda", "ecg", "emg_trapezius", "emg_corrugator", "emg_zygomaticus")
    }
    assert report.bridged == 1
    subjects = sorted({name.rsplit("-", 2)[0] for name in samples(root)} | set(report.dropped))
    assert len(report.dropped) == 2  # one without PA4, one without anything
    assert report.dropped == tuple(subjects[i] for i in (3, 5))
    # nothing of a dropped subject is kept, and nothing damaged
    kept = report.index.table[report.kept]
    assert not set(kept["subject"]) & set(report.dropped)
    assert not set(kept["sample"]) & set(expected)
    assert len(kept) == 4 * 4 - 6
    assert report.exit_status == 0


def test_each_signal_file_is_read_once(biovid_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = Path.read_bytes

    def counting(path: Path) -> bytes:
        read.append(path.name)
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", counting)
    report = run(biovid_root)
    assert len(report.modalities) == 6
    signals = sorted(name for name in read if name.endswith("_bio.csv"))
    assert signals == sorted(f"{name}_bio.csv" for name in samples(biovid_root))


def test_the_report_reads_as_a_table(damaged: tuple[Path, dict[str, str]]) -> None:
    root, expected = damaged
    text = run(root).render()
    assert "SIMULATED" in text
    for sample in expected:
        assert sample in text
    assert "1000 Hz (eda): 1 windows, resampled" in text
    assert "subject left out, it lacks windows of one class" in text
    assert "class  windows  kept  left out" in text
    assert text.endswith("usable.")


def test_strict_mode_does_not_accept_damage(
    damaged: tuple[Path, dict[str, str]], biovid_root: Path
) -> None:
    report = run(damaged[0], strict=True)
    assert report.exit_status == 1
    assert "strict mode" in report.render()
    whole = run(biovid_root, strict=True)
    assert whole.exit_status == 0
    assert whole.left_out == []
    assert whole.kept.all()


def test_too_little_is_unusable(biovid_root: Path, tmp_path: Path) -> None:
    root = files.copy(biovid_root, tmp_path / "c")
    for folder in sorted((root / "video").iterdir())[:4]:
        shutil.rmtree(folder)
    report = run(root)
    assert report.exit_status == 1
    assert "2 usable subjects" in report.render()


def test_one_class_is_unusable(tmp_path: Path) -> None:
    root = simulate(tmp_path / "s", subjects=3, classes=("PA2",), windows=1, jobs=1, progress=False)
    assert run(root).exit_status == 1


def test_both_layouts_are_checked(released_root: Path) -> None:
    report = run(released_root)
    assert report.exit_status == 0
    assert report.kept.all()
    assert "released layout" in report.render()
    assert "SIMULATED" not in report.render()


def test_misuse_and_no_index(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        run(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no index"):
        run(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs another user's eyes")
def test_a_root_without_permission(biovid_root: Path, tmp_path: Path) -> None:
    """Read as somebody who may not: one sentence, not a traceback."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        files.copy(biovid_root, Path(place) / "c")
        os.chmod(Path(place) / "c", 0)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                try:
                    run(Path(place) / "c")
                except DataError as error:
                    status = 0 if "Permission denied" in str(error) else 2
            finally:
                os._exit(status)
        _, outcome = os.waitpid(child, 0)
        os.chmod(Path(place) / "c", 0o755)
    assert os.waitstatus_to_exitcode(outcome) == 0
