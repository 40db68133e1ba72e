"""A folder for unfinished work goes with its process, sooner or later."""

from pathlib import Path

from pkdot.atomic_files import scratch_folder
from tests.support.processes import started, until

HOLD = (
    "import sys, time; from pathlib import Path; from pkdot.atomic_files import scratch_folder\n"
    "with scratch_folder(Path(sys.argv[1]), '.working-') as folder:\n"
    "    (folder / 'half').write_text('of it'); time.sleep(60)"
)


def halves(parent: Path) -> list[Path]:
    return list(parent.glob(".working-*/half"))


def test_a_scratch_folder_is_removed_at_its_end_and_after_a_failure(tmp_path: Path) -> None:
    try:
        with scratch_folder(tmp_path, ".working-") as folder:
            (folder / "half").write_text("of it")
            assert halves(tmp_path) == [folder / "half"]
            raise KeyError
    except KeyError:
        assert not list(tmp_path.iterdir())


def test_only_the_scratch_folders_of_the_dead_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".working-before-there-were-locks").mkdir()
    (tmp_path / "working").mkdir()
    with started("-c", HOLD, str(tmp_path)) as process:
        until(lambda: halves(tmp_path) or process.poll() is not None)
        (half,) = halves(tmp_path)
        with scratch_folder(tmp_path, ".working-"):
            assert half.exists()
        process.kill()
        process.wait()
        assert half.exists()
        with scratch_folder(tmp_path, ".working-"):
            pass
        assert [entry.name for entry in tmp_path.iterdir()] == ["working"]
