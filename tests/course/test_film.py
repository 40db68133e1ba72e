"""Films: what they say is what the kit computes, and their files play as they were drawn."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pkdot import open_record, sinkhorn
from pkdot.__main__ import main
from pkdot.commands import film as command
from pkdot.course.film import FILMS, Shot, anchors, maps, plan
from pkdot.course.film.canvas import Canvas, glide, source_of
from pkdot.course.film.video import write_film
from pkdot.errors import ConfigError, InputError
from pkdot.figures.themes import THEMES
from pkdot.method.loss import PKDOTLoss
from pkdot.method.transport import within_class_mass
from pkdot.record.location import example_directory
from pkdot.record.trajectories import agreement_over_epochs


@pytest.fixture(scope="module")
def record() -> Any:
    return open_record(example_directory())


@pytest.fixture
def captions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the pictures say, without the seconds that it takes to draw them."""
    said: list[str] = []

    def end(self: Canvas, caption: str, milliseconds: int) -> Shot:
        said.append(caption)
        return Shot(np.zeros((4, 4, 3), dtype=np.uint8), milliseconds)

    monkeypatch.setattr(Canvas, "end", end)
    return said


def coloured(shade: int) -> np.ndarray:
    return np.full((54, 96, 3), shade, dtype=np.uint8)


# --- what they say --------------------------------------------------------------------------------


def test_the_share_that_stays_is_that_of_the_plan(
    record: Any, captions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "EPSILONS", (1.0, 0.01))
    shots = list(plan.plan_forms(record, "light"))
    assert len(shots) == 2
    pair = record.embeddings(record.best_epoch)
    z = [torch.as_tensor(np.array(side, dtype=float)) for side in pair]
    cost = PKDOTLoss(k=20).structure(*z).cost
    labels = torch.as_tensor(record.probe["label"].to_numpy())
    shares = [float(within_class_mass(sinkhorn(cost, epsilon=e).plan, labels)) for e in (1, 0.01)]
    assert captions == [
        f"ε = {epsilon}: {100 * share:.0f} % of the mass stays with the same digit"
        for epsilon, share in zip(("1.000", "0.010"), shares, strict=True)
    ]
    assert shares[1] > shares[0] + 0.1


def test_each_epoch_says_its_agreement(
    record: Any, captions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "STEPS", 2)
    monkeypatch.setattr(maps, "_draw_map", lambda *given: None)
    list(maps.maps_turn(record, "dark"))
    table = agreement_over_epochs(record)
    expected = [
        f"Epoch {epoch}: the two cosine matrices correlate at r = {r:.2f}"
        for epoch, r in zip(table["epoch"], table["correlation"], strict=True)
    ]
    assert list(dict.fromkeys(captions)) == expected


def test_every_rule_is_named_and_the_film_returns_to_its_beginning(
    record: Any, captions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchors, "STEPS", 3)
    shots = list(anchors.anchors_move(record, "light"))
    assert [shot.milliseconds for shot in shots] == 4 * [1800, 80, 80]
    for rule, words in zip(anchors.RULES, captions[::3], strict=True):
        assert rule.replace("_", " ") in words
        assert "differ by 0." in words


def test_an_anchor_goes_to_a_near_one_and_none_is_lost() -> None:
    points = np.array([[0.0, 0], [5, 0], [0.1, 0], [5.1, 0]])
    ordered = anchors._in_short_ways([np.array([0, 1]), np.array([3, 2])], points)
    assert ordered[1].tolist() == [2, 3]


def test_gliding_ends_where_it_should_and_never_turns_back() -> None:
    way = glide(10)
    assert way[-1] == 1
    assert way[0] > 0
    assert (np.diff(way) > 0).all()


def test_simulated_data_are_called_so(record: Any) -> None:
    assert source_of(record) == "real handwritten digits"
    made_up = SimpleNamespace(simulated=True, corpus="biovid")
    assert source_of(made_up).startswith("simulated data")


@pytest.mark.slow
def test_a_picture_has_the_paper_of_its_theme(record: Any) -> None:
    for theme in ("light", "dark"):
        shot = next(FILMS[0].shots(record, theme))
        assert shot.picture.shape == (540, 960, 3)
        corner = "#" + "".join(f"{part:02x}" for part in shot.picture[0, 0])
        assert corner == THEMES[theme].paper


# --- files ----------------------------------------------------------------------------------------


def test_a_webp_loops_with_its_times(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "a.webp"
    write_film([Shot(coloured(0), 80), Shot(coloured(255), 1800)], path)
    with Image.open(path) as film:
        assert (film.n_frames, film.info["loop"], film.size) == (2, 0, (96, 54))
        times = []
        for number in range(2):
            film.seek(number)
            film.load()
            times.append(film.info["duration"])
    assert times == [80, 1800]


def test_an_mp4_plays_as_long_as_its_pictures_stand(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    write_film([Shot(coloured(0), 400), Shot(coloured(255), 600)], path)
    with av.open(str(path)) as film:
        shades = [frame.to_ndarray(format="gray").mean() for frame in film.decode(video=0)]
        assert film.streams.video[0].pix_fmt == "yuv420p"
    assert len(shades) == 25
    assert max(shades[:10]) < 20
    assert min(shades[10:]) > 235


def test_what_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match=r"\.webp or \.mp4"):
        write_film([Shot(coloured(0), 80)], tmp_path / "a.gif")
    with pytest.raises(InputError, match="at least one picture"):
        write_film([], tmp_path / "a.webp")
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(ConfigError, match=r"pkdot\[media\]"):
        write_film([Shot(coloured(0), 80)], tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    assert main(["film", str(tmp_path / "file")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_the_command_names_every_film() -> None:
    assert tuple(film.name for film in FILMS) == command.NAMES
    page = (Path(__file__).parents[2] / "docs" / "films.md").read_text(encoding="utf-8")
    for film, theme in itertools.product(FILMS, ("light", "dark")):
        assert f"_build/film/{film.name}-{theme}.webp" in page


@pytest.mark.full
def test_each_film_is_smaller_than_a_megabyte(tmp_path: Path) -> None:
    pytest.importorskip("av")
    assert main(["film", str(tmp_path), "--mp4"]) == 0
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert len(sizes) == 2 * 2 * len(FILMS)
    assert max(sizes.values()) < 1_000_000, sizes
