"""Maps and pictures of samples: positions, legends, films, anchors, pixels."""

import base64
import io

import numpy as np
import pytest

from pkdot import figures
from pkdot.errors import InputError
from pkdot.figures.anchors import usage
from pkdot.figures.images import png
from tests.figures.examples import ARRAYS, CLASSES, DRAWN, MAPS, POINTS, RNG, SAMPLES


def test_points_that_all_stand_out_share_one_opacity() -> None:
    one = figures.embedding_maps(MAPS, SAMPLES)
    assert {trace.marker.opacity for trace in one.data} == {0.9}
    chosen = figures.embedding_maps(MAPS, SAMPLES, chosen=np.arange(30) < 1)
    back = [opacity for trace in chosen.data for opacity in trace.marker.opacity]
    assert sorted(back)[-2:] == [0.9, 0.9]
    assert set(sorted(back)[:-2]) == {0.12}


def test_maps_share_legend_and_carry_what_a_selection_needs() -> None:
    figure = DRAWN["maps"]()
    assert sum(bool(trace.showlegend) for trace in figure.data) == len(CLASSES)
    assert {trace.legendgroup for trace in figure.data} == {f"class {c}" for c in range(5)}
    drawn = {
        int(i): (x, y)
        for trace in figure.data[:5]
        for (i, _), x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }
    assert len(drawn) == 30
    for i, point in drawn.items():
        np.testing.assert_allclose(point, POINTS[i])
    colours = [[t.marker.color for t in figure.data[start : start + 5]] for start in (0, 5)]
    assert colours[0] == colours[1]


def test_rings_grow_with_the_rows_that_use_an_anchor() -> None:
    per_row = np.array([[0, 1], [0, 2], [0, 1], [0, 3]])
    np.testing.assert_allclose(usage(per_row, 4), [1, 0.5, 0.25, 0.25])
    np.testing.assert_allclose(usage([1, 2], 4), [0, 1, 1, 0])
    with pytest.raises(InputError, match="outside the 4 samples"):
        usage([4], 4)


def test_a_film_moves_every_student_point_and_no_other() -> None:
    students = {9: POINTS + 2, 0: POINTS, 3: POINTS + 1}
    film = figures.map_film(-POINTS, students, SAMPLES)
    assert [frame.name for frame in film.frames] == ["0", "3", "9"]
    for frame in film.frames:
        drawn = np.full_like(POINTS, np.nan)
        for number, moved in zip(frame.traces, frame.data, strict=True):
            trace = film.data[number]
            assert trace.xaxis == "x2"
            drawn[[row[0] for row in trace.customdata]] = np.column_stack([moved.x, moved.y])
        np.testing.assert_array_equal(drawn, students[int(frame.name)])
    assert sorted(film.frames[0].traces) == [n for n, t in enumerate(film.data) if t.xaxis == "x2"]
    low, high = film.layout.xaxis2.range
    assert low < min(s.min() for s in students.values())
    assert high > max(s.max() for s in students.values())


def test_pictures_keep_their_pixels() -> None:
    from PIL import Image

    image = RNG.integers(0, 255, (4, 4)).astype(np.uint8)
    data = base64.b64decode(png(image).removeprefix("data:image/png;base64,"))
    back = np.asarray(Image.open(io.BytesIO(data)))
    assert back.shape == (96, 96)
    np.testing.assert_array_equal(back[12::24, 12::24], image)
    figure = figures.image_grid(
        {"full": ARRAYS["images"][:13], "coarse": ARRAYS["images"][:13, ::2, ::2]}
    )
    assert len(figure.layout.images) == 26


def test_frames_stand_above_signals_of_the_same_window() -> None:
    figure = DRAWN["windows"]()
    assert len(figure.layout.images) == 3 * 5
    traces = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(traces) == 3 * 2
    for trace in traces:
        assert (trace.x[0], len(trace.x)) == (0.0, 50)
    captions = [a.text for a in figure.layout.annotations]
    assert "<b>&lt;b&gt;b&lt;/b&gt;, BL1</b>" in captions


def test_of_a_policy_with_many_anchors_only_the_named_ones_have_a_ring() -> None:
    every = np.arange(len(POINTS))
    figure = figures.anchor_maps(
        POINTS, {"all": every, "shared": [1, 2]}, SAMPLES, ringed={"all": [5, 3]}
    )
    rings = [trace for trace in figure.data if trace.name == "anchor"]
    assert [len(trace.x) for trace in rings] == [2, 2]
    np.testing.assert_allclose(rings[0].x, POINTS[[3, 5], 0])
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0] == "<b>all</b><br>every sample; 2 are ringed"
    assert "ringed" not in titles[1]
