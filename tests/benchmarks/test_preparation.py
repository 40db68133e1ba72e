"""The benchmark of preparation, on a tiny corpus."""

from pathlib import Path

from pkdot.benchmarks import preparation


def test_preparation_is_measured(biovid_root: Path, tmp_path: Path) -> None:
    page = tmp_path / "preparation.md"
    given = [str(biovid_root), "--windows", "2", "--rounds", "1", "--report", str(page)]
    assert preparation.main(given) == 0
    assert "2 windows of `tiny`" in page.read_text()
    assert preparation.main([str(tmp_path / "nowhere")]) == 2
