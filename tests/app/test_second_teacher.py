"""The scale of an agreement on the page: a second teacher, or how to get one."""

from pathlib import Path

import pytest

from tests.support.example_records import N, write_record
from tests.support.pages import opened, spec, surround, words


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


@pytest.mark.slow
def test_without_a_second_teacher_it_says_how_to_get_one(tmp_path: Path) -> None:
    write_record(tmp_path / "runs", run_id="one")
    write_record(tmp_path / "runs", run_id="same-seed")
    write_record(tmp_path / "runs", run_id="unlike", seed=1, config={"k": 3})
    app = opened("similarity", run="one")
    assert not app.exception
    assert "train these settings with another seed" in words(app)
    labels = [button.proto.label for button in app.get("download_button")]
    assert "Settings of a second teacher" in labels
    assert "a second teacher" not in spec(opened("similarity", panel="epochs"), 0)


@pytest.mark.slow
def test_an_agreement_stands_beside_that_of_two_teachers(tmp_path: Path) -> None:
    write_record(tmp_path / "runs", run_id="one")
    write_record(tmp_path / "runs", run_id="two", seed=1, method="kd")
    app = opened("similarity", run="one")
    assert not app.exception
    # The same arrays under another seed: these teachers are one.
    assert "two teachers (seeds 0 and 1): r = 1.00." in words(app)
    assert "dotted: a second teacher" in spec(opened("similarity", run="one", panel="epochs"), 0)
    batch = opened("similarity", run="one", source="batch")
    assert "two teachers" not in words(batch)  # another seed never saw this batch


@pytest.mark.slow
@pytest.mark.parametrize(("shared", "said"), [(45, "on the 45 samples that both"), (9, "9 of 90")])
def test_only_samples_of_both_count(tmp_path: Path, shared: int, said: str) -> None:
    from pkdot.record import Probe
    from tests.support.example_records import structured_arrays

    write_record(tmp_path / "runs", run_id="one")
    names = [f"sample-{i:03d}" if i < shared else f"other-{i:03d}" for i in range(N)]
    probe = Probe(names, [""] * N, structured_arrays()["labels"])
    write_record(tmp_path / "runs", run_id="two", seed=1, names=names, probe=probe)
    app = opened("similarity", run="one")
    assert not app.exception
    assert said in words(app)


@pytest.mark.slow
def test_kept_neighbours_have_a_scale(tmp_path: Path) -> None:
    from pkdot.record import Probe
    from tests.support.example_records import structured_arrays

    write_record(tmp_path / "runs", run_id="one")
    alone = words(opened("pairs", run="one"))
    assert "of 10** nearest (by chance 1.1)" in alone
    assert "train these settings with another seed" in alone
    write_record(tmp_path / "runs", run_id="two", seed=1)
    # The same arrays under another seed: these teachers are one, and keep all.
    assert "For scale, a second teacher (seed 1) 10.0." in words(opened("pairs", run="one"))
    names = [f"sample-{i:03d}" if i < 45 else f"other-{i:03d}" for i in range(N)]
    probe = Probe(names, [""] * N, structured_arrays()["labels"])
    write_record(tmp_path / "runs", run_id="part", seed=2, names=names, probe=probe)
    assert "among the 45 samples that both followed" in words(opened("pairs", run="one"))
