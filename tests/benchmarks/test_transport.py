"""The frame that benchmarks share, and the benchmark of preparation, on a tiny corpus."""

from pathlib import Path

import pytest
import torch

from pkdot.benchmarks import frame, preparation
from pkdot.errors import ConfigError, PkdotError


def test_a_page_is_written_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    given: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    page = tmp_path / "new" / "page.md"
    assert frame.publish(lambda: f"threads {given}", page) == 0
    assert page.read_text() == "threads [1]"
    assert given == [1, 7], "one thread while measuring, as many as before afterwards"
    assert capsys.readouterr().out.endswith(f"Written to {page}.\n")


@pytest.mark.parametrize(("error", "status"), [(PkdotError("it broke"), 1), (ConfigError("no"), 2)])
def test_what_went_wrong_is_one_sentence_and_leaves_no_page(
    error: PkdotError, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> str:
        raise error

    assert frame.publish(fail, tmp_path / "page.md") == status
    assert capsys.readouterr() == ("", f"{error}\n")
    assert not list(tmp_path.iterdir())


def test_the_machine_is_named_with_versions() -> None:
    told = frame.machine("torch", "no-such-package")
    assert f"torch {torch.__version__.partition('+')[0]}" in told
    assert "no-such-package absent" in told


def test_preparation_is_measured(biovid_root: Path, tmp_path: Path) -> None:
    page = tmp_path / "preparation.md"
    given = [str(biovid_root), "--windows", "2", "--rounds", "1", "--report", str(page)]
    assert preparation.main(given) == 0
    assert "2 windows of `tiny`" in page.read_text()
    assert preparation.main([str(tmp_path / "nowhere")]) == 2
