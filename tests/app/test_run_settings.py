"""The page draws the loss that the run trained with: its own settings, and words where it has none.

Numbers on the page are compared with those of PKDOTLoss for the same embeddings.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.example_records import BEST, CLASSES, N, forget_digests, write_record
from tests.support.pages import FIGURES, figures, opened, surround, words

pytestmark = pytest.mark.slow

OWN = {"weight": 30.0, "k": 10, "blur": 0.5, "policy": "shared"}
FORMS: dict[str, dict[str, Any]] = {
    "identity": {"identity": 0.05},
    "unbalanced": {"transport": "unbalanced", "penalty": 0.3},
    "exact": {"transport": "exact"},
    "relative": {"relative": True},
    "all at once": {
        "transport": "unbalanced",
        "penalty": 0.4,
        "identity": 0.05,
        "relative": True,
        "policy": "farthest",
        "tolerance": 1e-4,
    },
}
DEFAULT = "The page uses PKDOT's default settings: this run has none of its own."


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


def write(tmp_path: Path, options: Any, method: str = "pkdot") -> Path:
    """A record of the kit's own kind: settings of each part of the method in ``options``."""
    return write_record(tmp_path / "runs", method=method, config={"options": options}).path


def steps_of(path: Path, **settings: Any) -> Any:
    """The steps of PKDOTLoss for the probe samples at the selected epoch."""
    import torch

    from pkdot import PKDOTLoss, open_record

    embeddings = (torch.as_tensor(z) for z in open_record(path).embeddings(BEST))
    settings = {name: value for name, value in settings.items() if name != "weight"}
    return PKDOTLoss(**settings).structure(*embeddings)


def tiles(app: Any) -> dict[str, str]:
    return {tile.label: tile.value for tile in app.metric}


def drawn_matrix(app: Any, position: int) -> np.ndarray:
    """The first heat map of a figure of the page, (B, B)."""
    traces = json.loads(app.get("plotly_chart")[position].proto.spec)["data"]
    z = next(trace["z"] for trace in traces if trace["type"] == "heatmap")
    return np.frombuffer(base64.b64decode(z["bdata"]), "<f4").reshape(N, N)


@pytest.mark.parametrize("form", FORMS)
def test_plan_and_divergence_are_those_of_the_runs_own_loss(form: str, tmp_path: Path) -> None:
    settings = {**OWN, **FORMS[form]}
    path = write(tmp_path, {"kd": {"weight": 4.0, "temperature": 2.0}, "pkdot": settings})
    app = opened("transport", panel="plan")
    assert not app.exception
    assert not app.error
    assert figures(app) == FIGURES["transport"]
    steps = steps_of(path, **settings)
    plan = steps.transport.plan.numpy()
    mass = plan.sum()
    shown = tiles(app)
    assert shown["divergence"] == f"{float(steps.divergence):.4f}"
    assert shown["cost"] == f"{float((plan * steps.cost.numpy()).sum() / mass):.4f}"
    assert shown["on the diagonal"] == f"{100 * np.trace(plan) / mass:.1f} %"
    assert shown["iterations"] == str(steps.transport.iterations)
    by_class = np.argsort(np.arange(N) % len(CLASSES), kind="stable")
    share = 100 * plan / plan.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(drawn_matrix(app, 0), share[np.ix_(by_class, by_class)], rtol=1e-5)
    plain = steps_of(path, **OWN)
    assert abs(float(plain.divergence) - float(steps.divergence)) > 1e-3, (
        "this form changes nothing"
    )


def test_the_epsilon_in_force_is_shown_where_it_is_relative(tmp_path: Path) -> None:
    settings = {**OWN, "relative": True}
    path = write(tmp_path, {"pkdot": settings})
    steps = steps_of(path, **settings)
    epsilon = 0.25 * float(steps.cost.median())
    for panel in ("plan", "steps"):
        app = opened("transport", panel=panel)
        assert f"ε = {epsilon:.3g}: 0.25 times the median cost." in words(app)
        chart = json.loads(app.get("plotly_chart")[0].proto.spec)
        assert f"ε = {epsilon:.3g}" in chart["layout"]["title"]["subtitle"]["text"]


def test_sliders_change_k_blur_and_policy_only(tmp_path: Path) -> None:
    path = write(tmp_path, {"pkdot_identity": {**OWN, "identity": 0.05}}, "pkdot_identity")
    app = opened("transport")
    app.select_slider(key="k").set_value(3)
    app.select_slider(key="blur").set_value(1.0)
    app.selectbox(key="policy").set_value("farthest").run()
    steps = steps_of(path, k=3, blur=1.0, policy="farthest", identity=0.05)
    assert tiles(app)["divergence"] == f"{float(steps.divergence):.4f}"


@pytest.mark.parametrize(
    ("changed", "own", "others"),
    [
        ({}, "entropic", ["exact (ε = 0)", "unbalanced", "identity-aware"]),
        ({"identity": 0.05}, "identity-aware", ["entropic", "exact (ε = 0)", "unbalanced"]),
        ({"transport": "exact"}, "exact", ["entropic", "unbalanced", "identity-aware"]),
        (
            {"transport": "unbalanced", "identity": 0.05},
            "unbalanced, identity-aware",
            ["entropic", "exact (ε = 0)", "unbalanced", "identity-aware"],
        ),
    ],
)
def test_the_runs_own_plan_is_marked_among_its_relatives(
    changed: dict[str, Any], own: str, others: list[str], tmp_path: Path
) -> None:
    settings = {**OWN, **changed}
    path = write(tmp_path, {"pkdot": settings})
    app = opened("transport", panel="others")
    table = app.dataframe[0].value.set_index("plan")
    assert sorted(table.index) == sorted([f"{own} (the loss)", *others])
    plan = steps_of(path, **settings).transport.plan.numpy()
    row = table.loc[f"{own} (the loss)"]
    assert row["on the diagonal"] == f"{100 * np.trace(plan) / plan.sum():.1f} %"
    assert row["mass moved"] == f"{100 * plan.sum():.0f} %"


@pytest.mark.parametrize("policy", ["shared", "per_sample", "random", "all"])
def test_rows_on_the_page_are_those_of_the_loss(policy: str, tmp_path: Path) -> None:
    from dashboard import loss_settings, method_steps, transport_plans
    from dashboard.selection import View
    from pkdot import open_record

    record = open_record(write(tmp_path, {"pkdot": {**OWN, "policy": policy}}))
    view = View(record, BEST, record.probe_batch(BEST), True)
    settings = loss_settings.run_loss(record).settings
    steps = transport_plans.structure(view, settings)
    np.testing.assert_array_equal(method_steps.anchors(view, settings), steps.anchors)
    teacher, student = method_steps.anchor_rows(view, settings)
    np.testing.assert_array_equal(teacher, steps.teacher_rows)
    np.testing.assert_array_equal(student, steps.student_rows)


@pytest.mark.parametrize(
    ("method", "options", "sentence"),
    [
        ("kd", {"kd": {"weight": 4.0, "temperature": 2.0}}, DEFAULT),
        ("crd", {"crd": {"weight": 1.0, "k": 5}}, DEFAULT),
        ("rows", {"rows": {"weight": 30.0, "k": 10, "policy": "shared"}}, "matched rows one to"),
        (
            "pkdot_class",
            {"pkdot_class": {"weight": 20.0, "blur": 0.1}},
            r"masses \(pkdot\_class\), so",
        ),
        ("pkdot_soft", {"pkdot_soft": {**OWN, "outputs": 10.0}}, "other rows or masses"),
        ("pkdot_dist", {"pkdot_dist": {**OWN, "structure": 0.3}}, "other rows or masses"),
        ("pkdot", {"pkdot": {**OWN, "confidence": 1.0}}, "other rows or masses"),
        (
            "pkdot",
            {"pkdot": {**OWN, "confidence": 0.0, "outputs": 0.0, "warm_up": 5, "share": 1}},
            "",
        ),
    ],
)
def test_a_run_that_trained_otherwise_says_so(
    method: str, options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    write(tmp_path, options, method)
    app = opened("transport", panel="others")
    assert not app.exception
    unescaped = words(app).replace("\\", "")
    table = app.dataframe[0].value["plan"].tolist()
    if sentence:
        assert sentence in words(app) or sentence in unescaped
        assert "entropic (PKDOT's loss)" in table
    else:
        assert "This run " not in unescaped
        assert "entropic (the loss)" in table


def test_default_anchors_are_said_to_be_so(tmp_path: Path) -> None:
    write(tmp_path, {"kd": {"weight": 4.0}}, "kd")
    assert "PKDOT's default anchors" in words(opened("anchors"))


@pytest.mark.parametrize(
    "settings",
    [
        {"k": -3, "blur": "x", "policy": "nearest", "transport": "<b>", "identity": -1},
        {"k": True, "blur": 0.5, "relative": "yes", "penalty": 0, "tolerance": None},
        {"blur": float("inf"), "k": 2.5, "max_iterations": "many"},
        7,
    ],
)
def test_settings_that_make_no_sense_count_as_not_there(settings: Any, tmp_path: Path) -> None:
    write(tmp_path, {"pkdot": settings})
    for page in ("anchors", "transport"):
        app = opened(page)
        assert not app.exception
        assert not app.error
        assert app.select_slider(key="k").value == 30


def test_what_was_computed_is_computed_again_for_a_record_that_was_written_again(
    tmp_path: Path,
) -> None:
    import shutil

    path = write(tmp_path, {"pkdot": OWN})
    before = tiles(opened("transport"))
    assert tiles(opened("transport")) == before
    again = write_record(tmp_path / "other", config={"options": {"pkdot": OWN}}).path
    student = next(again.glob("embeddings/epoch_0009*"))
    forget_digests(path)
    shutil.copy(student, path / "embeddings" / "epoch_0005.safetensors")
    manifest = json.loads((path / "run.json").read_text())
    files = manifest["files"]
    files["embeddings/epoch_0005.safetensors"] = student.stat().st_size
    (path / "run.json").write_text(json.dumps(manifest))
    assert tiles(opened("transport"))["divergence"] != before["divergence"]


def test_a_running_record_is_compared_over_all_epochs_that_it_has_logged(tmp_path: Path) -> None:
    from tests.support.example_records import structured_arrays, student_at

    arrays = structured_arrays()
    recorder = write_record(tmp_path / "runs", run_id="live", finish=False)
    assert agreement_epochs(opened("similarity", panel="epochs")) == [0, 2, 5, 9]
    recorder.log_embeddings(12, teacher=arrays["teacher"], student=student_at(arrays, 9))
    assert agreement_epochs(opened("similarity", panel="epochs")) == [0, 2, 5, 9, 12]
    recorder.finish()


def agreement_epochs(app: Any) -> list[int]:
    trace = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]
    return np.frombuffer(base64.b64decode(trace["x"]["bdata"]), trace["x"]["dtype"]).tolist()


def test_figures_are_kept_by_what_they_show() -> None:
    from dashboard.figure_cache import _Call
    from pkdot.figures import FigureStyle, Grouping, SampleTable
    from pkdot.figures.style import answer_marker

    def content(labels: list[int], name: str = "a", theme: str = "light", **group: Any) -> str:
        samples = SampleTable(np.array(labels), [name, "b"], class_names=("x", "y"))
        grouping = Grouping(np.array(labels), **group)
        options = {"grouping": grouping, "style": FigureStyle(theme)}
        return _Call("embedding_maps", (np.eye(2), samples), options).content()

    assert content([0, 1]) == content([0, 1])
    others = [
        content([1, 0]),
        content([0, 1], name="c"),
        content([0, 1], theme="dark"),
        content([0, 1], by="subject"),
        content([0, 1], marker=answer_marker),
    ]
    assert len({content([0, 1]), *others}) == 6
