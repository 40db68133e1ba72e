"""Figures: what is drawn is what was given, every axis has a name, simulated data say so."""

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pkdot import figures
from pkdot.analysis.matrix_order import by_group
from pkdot.analysis.subgroups import groups_table, people_table
from pkdot.errors import InputError
from pkdot.figures.anchors import usage
from pkdot.figures.images import png
from pkdot.figures.matrices import in_blocks
from pkdot.figures.style import CLASS_SYMBOLS, THEMES, class_marker, class_name
from tests.support.example_records import CLASSES, structured_arrays

RNG = np.random.default_rng(0)
ARRAYS = structured_arrays(n=30)
LABELS = ARRAYS["labels"]
POINTS = RNG.normal(size=(30, 2))
IDS = [f"sample {i}" for i in range(30)]


def cosine(z: np.ndarray) -> np.ndarray:
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    return unit @ unit.T


TEACHER, STUDENT = cosine(ARRAYS["teacher"]), cosine(ARRAYS["teacher"] + ARRAYS["noise"])
PLAN = RNG.random((30, 30)) + 2 * np.eye(30)
METRICS = pd.DataFrame(
    [
        (stage, epoch, split, name, 0.1 * epoch)
        for stage in ("teacher", "student")
        for epoch in range(4)
        for split in ("train", "validation")
        for name in ("accuracy", "cross_entropy")
    ],
    columns=["stage", "epoch", "split", "name", "value"],
)
TABLE = pd.DataFrame(
    {
        "arm": ["alone", "<b>PKDOT</b>", "teacher"],
        "mean": [50.0, 55.0, 80.0],
        "low": [48.0, 54.0, 79.0],
        "high": [53.0, 57.0, 82.0],
        "n": [10, 10, 10],
        "difference": [np.nan, 5.0, 30.0],
        "difference_low": [np.nan, 3.0, 28.0],
        "difference_high": [np.nan, 7.0, 31.0],
    }
)
AGREEMENT = pd.DataFrame(
    {"epoch": [0, 1, 2], "correlation": [0.1, 0.4, 0.6], "cka": [0.2, np.nan, 0.8]}
)
COVERAGE = pd.DataFrame(
    {
        "policy": ["shared", "shared", "per_sample", "per_sample"],
        "k": [1, 2, 1, 2],
        "coverage": [0.2, 0.5, -0.1, 0.0],
        "classes": [0.2, 0.4, 1.0, 1.0],
    }
)
PEOPLE = people_table(
    pd.DataFrame({"alone": [0.5, 0.7, 0.6], "pkdot": [0.6, 0.6, 0.6]}, index=["a", "b", "c"]),
    {name: {"sex": "w", "age": 20 + 20 * i} for i, name in enumerate("abc")},
    "pkdot",
)
STUDY = pd.DataFrame(
    {
        "label": ["3", "30", "<b>100</b>"],
        "n": [10, 10, 10],
        "gain": [1.0, 5.0, -2.0],
        "gain_low": [0.0, 4.0, -3.5],
        "gain_high": [2.0, 6.0, -0.5],
    }
)
STYLED = {"labels": LABELS, "class_names": CLASSES}
MAKERS: dict[str, Callable[..., Any]] = {
    "similarity": lambda **o: figures.similarity_matrices(TEACHER, STUDENT, **STYLED, **o),
    "rows": lambda **o: figures.anchor_rows(TEACHER[:, :6], STUDENT[:, :6], **STYLED, **o),
    "row": lambda **o: figures.sample_row(TEACHER[0, :6], STUDENT[0, :6], **o),
    "anchor maps": lambda **o: figures.anchor_maps(
        POINTS, {"shared": [1, 2], "per_sample": np.tile([1, 2, 3], (30, 1))}, **STYLED, **o
    ),
    "anchor images": lambda **o: figures.anchor_images(ARRAYS["images"], [3, 1], **STYLED, **o),
    "plan": lambda **o: figures.transport_plan(PLAN, epsilon=0.01, **STYLED, **o),
    "maps": lambda **o: figures.embedding_maps(POINTS, -POINTS, ids=IDS, epoch=4, **STYLED, **o),
    "film": lambda **o: figures.map_film(POINTS, {0: -POINTS, 4: POINTS}, **STYLED, **o),
    "curves": lambda **o: figures.training_curves(METRICS, best_epoch=2, **o),
    "features": lambda **o: figures.hallucination(ARRAYS["real"], ARRAYS["real"] * 0.5, **o),
    "many features": lambda **o: figures.hallucination(
        np.tile(ARRAYS["real"], (1, 30)), np.tile(ARRAYS["real"], (1, 30)) + 0.1, **o
    ),
    "images": lambda **o: figures.image_grid({"full": ARRAYS["images"][:4]}, **o),
    "one row": lambda **o: figures.similarity_row(TEACHER[0], STUDENT[0], **STYLED, **o),
    "row before": lambda **o: figures.sample_row(
        TEACHER[0, :6], STUDENT[0, :6], before=STUDENT[1, :6], anchor_labels=LABELS[:6], **o
    ),
    "flows": lambda **o: figures.transport_flows(POINTS, -POINTS, PLAN, **STYLED, **o),
    "one flow": lambda **o: figures.transport_flows(POINTS, -POINTS, PLAN, source=3, **o),
    "mass": lambda **o: figures.sample_mass(PLAN, 3, **STYLED, ids=IDS, **o),
    "plans": lambda **o: figures.plan_panels({"one": PLAN, "two": PLAN.T}, **STYLED, **o),
    "convergence": lambda **o: figures.convergence([0.1, 0.01, 0.001], tolerance=0.005, **o),
    "agreement": lambda **o: figures.agreement_curves(AGREEMENT, best_epoch=2, epoch=1, **o),
    "coverage": lambda **o: figures.coverage_curves(COVERAGE, k=2, **o),
    "runs": lambda **o: figures.run_curves({"<b>a</b>": METRICS, "b": METRICS}, **o),
    "answers": lambda **o: figures.sample_answers([0.1, 0.9], [0.5, 0.5], label=1, **o),
    "one feature": lambda **o: figures.sample_features(
        ARRAYS["real"][0], ARRAYS["real"][1], mean=ARRAYS["real"].mean(axis=0), **o
    ),
    "windows": lambda **o: figures.sample_windows(
        {"video": np.zeros((3, 7, 8, 8, 3), np.uint8)},
        {"eda": np.zeros((3, 50)), "ecg": np.ones((3, 50))},
        captions=["a, BL1", "a, PA4", "<b>b</b>, BL1"],
        seconds=(0.0, 5.5),
        **o,
    ),
    "subjects": lambda **o: figures.subject_gains(PEOPLE, chance=50.0, **o),
    "groups": lambda **o: figures.group_gains(groups_table(PEOPLE), **o),
    "T-Net by subject": lambda **o: figures.tnet_subjects(
        {"eda": {"a_w_25": 0.3, "b_m_36": -0.1}}, **o
    ),
    "results": lambda **o: figures.result_dots(TABLE, reference="alone", **o),
    "study": lambda **o: figures.study_dots(STUDY, "k = 30 wins", factor="k", usual="30", **o),
}


def axes(figure: Any) -> list[Any]:
    layout = figure.to_dict()["layout"]
    return [layout[key] for key in layout if key.startswith(("xaxis", "yaxis"))]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", MAKERS)
def test_every_figure_is_titled_named_and_sized(name: str, theme: str) -> None:
    figure = MAKERS[name](theme=theme)
    assert figure.layout.width == 900
    assert figure.layout.height > 150
    assert figure.layout.paper_bgcolor == THEMES[theme].paper
    assert figure.layout.title.text.startswith("<b>")
    assert "simulated" not in figure.layout.title.text
    assert "simulated" in MAKERS[name](theme=theme, simulated=True).layout.title.text
    drawn = [axis for axis in axes(figure) if axis.get("visible", True)]
    for axis in drawn:
        # An axis that is matched to a named neighbour shows no ticks of its own.
        named = bool(axis.get("title", {}).get("text"))
        assert named or axis.get("showticklabels") is False, axis
    assert figure.to_json()


def test_matrices_are_sorted_by_group_on_one_scale() -> None:
    figure = MAKERS["similarity"]()
    order = np.argsort(LABELS, kind="stable")
    teacher, student, difference = (t for t in figure.data if t.type == "heatmap")
    np.testing.assert_allclose(teacher.z, TEACHER[np.ix_(order, order)], atol=1e-6)
    np.testing.assert_allclose(student.z, STUDENT[np.ix_(order, order)], atol=1e-6)
    np.testing.assert_allclose(difference.z, (STUDENT - TEACHER)[np.ix_(order, order)], atol=1e-6)
    assert (teacher.zmin, teacher.zmax) == (student.zmin, student.zmax) == (-1, 1)
    assert teacher.colorscale == student.colorscale != difference.colorscale
    assert list(figure.layout.yaxis.ticktext) == list(CLASSES)


def test_classes_are_named_beside_samples_without_label() -> None:
    labels = np.where(np.arange(30) % 3 == 0, LABELS, -1)
    axis = figures.transport_plan(PLAN, labels=labels, class_names=CLASSES).layout.yaxis
    assert list(axis.ticktext) == [*CLASSES, "no label"]
    assert list(axis.tickvals) == sorted(axis.tickvals)
    assert axis.tickvals[-1] == pytest.approx((10 + 30) / 2 - 0.5)


def test_samples_without_label_come_last() -> None:
    assert list(by_group([1, -1, 0, -1, 1])) == [2, 0, 4, 1, 3]
    assert list(by_group([-1, -1])) == [0, 1]


def test_large_matrices_are_drawn_in_blocks_and_say_so() -> None:
    z = RNG.normal(size=(700, 3))
    figure = figures.similarity_matrices(cosine(z), cosine(z), difference=False)
    assert figure.data[0].z.shape == (256, 256)
    assert "drawn as 256 × 256 blocks" in figure.layout.title.subtitle.text
    plan = figures.transport_plan(np.eye(700) / 700)
    assert "100.0 % of the mass on the diagonal" in plan.layout.title.subtitle.text
    assert "drawn as 256 × 256 blocks" in plan.layout.title.subtitle.text
    small = MAKERS["similarity"]()
    assert "blocks" not in small.layout.title.subtitle.text


def test_axes_count_samples_even_where_blocks_are_drawn() -> None:
    labels, ids = np.repeat([0, 1], 300), [f"s{i}" for i in range(600)]
    plan = np.eye(600) / 600
    figure = figures.transport_plan(plan, labels=labels, ids=ids, class_names=CLASSES, marked=400)
    heat, _, grid, diagonal, frame = figure.data
    height, width = heat.z.shape
    for start, step, cells in ((heat.x0, heat.dx, width), (heat.y0, heat.dy, height)):
        assert (start - step / 2, start + (cells - 0.5) * step) == pytest.approx((-0.5, 599.5))
    assert list(figure.layout.yaxis.range) == [599.5, -0.5]
    assert list(figure.layout.yaxis.tickvals) == [149.5, 449.5]
    assert grid.y[0] == 299.5
    assert (diagonal.x[400], diagonal.y[400], diagonal.customdata[400][1]) == (400, 400, "s400")
    assert list(frame.y[:3]) == [399.5, 399.5, 400.5]


def test_points_that_all_stand_out_share_one_opacity() -> None:
    one = figures.embedding_maps(POINTS, -POINTS, labels=LABELS)
    assert {trace.marker.opacity for trace in one.data} == {0.9}
    chosen = figures.embedding_maps(POINTS, -POINTS, labels=LABELS, chosen=np.arange(30) < 1)
    back = [opacity for trace in chosen.data for opacity in trace.marker.opacity]
    assert sorted(back)[-2:] == [0.9, 0.9]
    assert set(sorted(back)[:-2]) == {0.12}


def test_blocks_keep_mass_or_mean() -> None:
    matrix = RNG.random((11, 7))
    total = in_blocks(matrix, total=True, largest=4)
    assert total.shape == (4, 4)
    assert total.sum() == pytest.approx(matrix.sum())
    np.testing.assert_allclose(in_blocks(np.full((11, 7), 0.3), largest=4), 0.3)
    np.testing.assert_array_equal(in_blocks(matrix), matrix)
    np.testing.assert_allclose(
        in_blocks(np.arange(8.0).reshape(2, 4), largest=2), [[0.5, 2.5], [4.5, 6.5]]
    )


def test_the_plan_tells_its_diagonal_mass() -> None:
    figure = MAKERS["plan"]()
    share = 100 * np.trace(PLAN) / PLAN.sum()
    told = figure.layout.title.subtitle.text
    assert f"{share:.1f} % of the mass on the diagonal (by chance 3.3 %)" in told
    assert "ε = 0.01" in told
    np.testing.assert_allclose(figure.data[0].z.sum(axis=1), 100, rtol=1e-5)
    line = figure.data[1]
    assert list(line.x) == list(line.y) == [-0.5, 29.5]


def test_maps_share_legend_and_carry_what_a_selection_needs() -> None:
    figure = MAKERS["maps"]()
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


def test_rings_tell_how_many_rows_use_an_anchor() -> None:
    per_row = np.array([[0, 1], [0, 2], [0, 1], [0, 3]])
    np.testing.assert_allclose(usage(per_row, 4), [1, 0.5, 0.25, 0.25])
    np.testing.assert_allclose(usage([1, 2], 4), [0, 1, 1, 0])
    with pytest.raises(InputError, match="outside the 4 samples"):
        usage([4], 4)


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


def test_curves_mark_the_best_epoch_and_only_their_stage() -> None:
    figure = MAKERS["curves"]()
    assert {shape.x0 for shape in figure.layout.shapes} == {2}
    assert figure.layout.yaxis2.title.text == "cross entropy"
    assert {trace.line.color for trace in figure.data} == {THEMES["light"].student}
    with pytest.raises(InputError, match="logged stages: teacher, student"):
        figures.training_curves(METRICS, stage="tnet")


def test_hallucination_is_scored_against_the_mean() -> None:
    figure = figures.hallucination(ARRAYS["real"], ARRAYS["real"])
    assert "R² = 1.00 over all features, correlation 1.00" in figure.layout.title.subtitle.text
    mean = np.broadcast_to(ARRAYS["real"].mean(axis=0), ARRAYS["real"].shape)
    figure = figures.hallucination(ARRAYS["real"], mean)
    assert "R² = 0.00" in figure.layout.title.subtitle.text
    dense = MAKERS["many features"]()
    assert dense.data[0].type == "heatmap"
    counts = np.asarray(dense.data[0].customdata)
    assert counts.sum() == ARRAYS["real"].size * 30


def test_results_show_means_intervals_and_paired_differences() -> None:
    figure = MAKERS["results"]()
    means, differences = figure.data
    assert list(means.x) == [50, 55, 80]
    assert list(means.error_x.array) == [3, 2, 2]
    assert list(means.error_x.arrayminus) == [2, 1, 1]
    assert list(differences.x[1:]) == [5, 30]
    assert "reference" in [note.text for note in figure.layout.annotations]
    assert list(means.marker.color)[2] == THEMES["light"].teacher
    assert len(figures.result_dots(TABLE[["arm", "mean", "low", "high", "n"]]).data) == 1
    with pytest.raises(InputError, match="lacks high"):
        figures.result_dots(TABLE.drop(columns="high"))


def test_a_study_rings_what_others_are_compared_with() -> None:
    figure = MAKERS["study"]()
    (dots,) = figure.data
    assert list(dots.marker.line.width) == [0, 2, 0]
    assert list(dots.y) == [1.0, 5.0, -2.0]
    assert list(dots.error_y.arrayminus) == [1.0, 1.0, 1.5]
    assert list(dots.error_y.array) == [1.0, 1.0, 1.5]
    assert figure.layout.title.text == "<b>k = 30 wins</b>"
    assert figure.layout.xaxis.type == "category", "levels are not numbers on a scale"


def test_the_print_form_is_a_picture_without_global_state(tmp_path) -> None:
    from matplotlib import pyplot

    figure = figures.result_print(TABLE, simulated=True)
    figure.savefig(tmp_path / "results.pdf")
    assert (tmp_path / "results.pdf").read_bytes().startswith(b"%PDF")
    assert pyplot.get_fignums() == []
    axes = figure.axes[0]
    assert "simulated" in axes.get_title(loc="left")
    assert "accuracy (%)" in axes.get_xlabel()


def test_a_film_moves_every_student_point_and_no_other() -> None:
    students = {9: POINTS + 2, 0: POINTS, 3: POINTS + 1}
    film = figures.map_film(-POINTS, students, **STYLED)
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


def test_a_name_from_a_record_cannot_become_markup() -> None:
    evil = "<a href='https://example.org'>x</a>"
    figure = figures.embedding_maps(
        POINTS, POINTS, labels=LABELS, class_names=[evil] * 5, ids=[evil] * 30
    )
    assert "<a" not in figure.to_json().replace("\\u003c", "<")
    assert "<b>PKDOT" not in MAKERS["results"]().to_json().replace("\\u003c", "<")


def test_classes_are_told_apart_by_colour_and_marker() -> None:
    for theme in THEMES.values():
        looks = [class_marker(label, theme) for label in range(30)]
        assert len(set(looks)) == 30
        assert len({colour for colour, _ in looks[:10]}) == 10
        assert {symbol for _, symbol in looks[:10]} == set(CLASS_SYMBOLS)
    assert class_name(-1, CLASSES) == "no label"
    assert class_name(7, CLASSES) == "7"


@pytest.mark.parametrize(
    "call",
    [
        lambda: figures.similarity_matrices(TEACHER, STUDENT[:4, :4]),
        lambda: figures.similarity_matrices(TEACHER, np.full_like(TEACHER, np.nan)),
        lambda: figures.anchor_rows(TEACHER, STUDENT[:, :4]),
        lambda: figures.sample_row(TEACHER, STUDENT),
        lambda: figures.embedding_maps(POINTS, POINTS[:4]),
        lambda: figures.map_film(POINTS, {1: POINTS}),
        lambda: figures.map_film(POINTS, {1: POINTS, 2: POINTS[:4]}),
        lambda: figures.anchor_maps(POINTS, {}),
        lambda: figures.transport_plan(np.full((3, 3), np.nan)),
        lambda: figures.transport_plan(np.zeros((3, 3))),
        lambda: figures.image_grid({"a": ARRAYS["images"][:2], "b": ARRAYS["images"][:3]}),
        lambda: figures.image_grid({"a": ARRAYS["images"][:2].astype(float)}),
        lambda: figures.image_grid({}),
        lambda: figures.result_dots(TABLE[:0]),
        lambda: figures.study_dots(STUDY[:0], "none", factor="k", usual="30"),
        lambda: figures.study_dots(TABLE, "of arms", factor="k", usual="30"),
        lambda: MAKERS["maps"](theme="sepia"),
    ],
)
def test_what_cannot_be_drawn_is_told(call: Callable[[], Any]) -> None:
    with pytest.raises(InputError):
        call()


def test_a_person_who_loses_looks_otherwise_than_one_who_gains() -> None:
    figure = MAKERS["subjects"]()
    gaining, losing = figure.data[:2]
    assert [x for x in gaining.x if x is not None] == pytest.approx([50, 60, 60, 60])
    assert [x for x in losing.x if x is not None] == pytest.approx([70, 60])
    assert gaining.line.color != losing.line.color
    assert "of 3 subjects 1 gain, 1 lose, 1 stay" in figure.layout.title.subtitle.text
    assert list(figure.data[3].x) == pytest.approx([60, 60, 60])


def test_frames_stand_above_signals_of_the_same_window() -> None:
    figure = MAKERS["windows"]()
    assert len(figure.layout.images) == 3 * 5
    traces = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(traces) == 3 * 2
    for trace in traces:
        assert (trace.x[0], len(trace.x)) == (0.0, 50)
    captions = [a.text for a in figure.layout.annotations]
    assert "<b>&lt;b&gt;b&lt;/b&gt;, BL1</b>" in captions
