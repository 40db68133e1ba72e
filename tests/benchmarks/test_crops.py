"""The benchmark of face crops, on a few frames."""

from pathlib import Path

from pkdot.benchmarks import crops


def test_preparation_of_crops_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "crops.md"
    assert crops.main(["--frames", "80", "--report", str(page)]) == 0
    text = page.read_text()
    assert "80 frames of 112 × 112" in text
    assert "Peak memory" in text
