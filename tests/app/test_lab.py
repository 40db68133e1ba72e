"""The Lab's page without a browser: packed frames, places, and the page that answers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("streamlit", reason="streamlit is not installed; pip install pkdot[app]")
from pkdot.experiments import lab as engine
from pkdot.figures import FigureStyle
from tests.support.pages import opened, surround, words
from tests.support.small_config import small_config


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> engine.LabTeacher:
    config = small_config(network__teacher_sees="privileged")
    return engine.train_lab_teacher(config=config, folder=tmp_path_factory.mktemp("teachers"))


@pytest.fixture(autouse=True)
def _surroundings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, teacher: engine.LabTeacher
) -> None:
    import streamlit as st

    surround(monkeypatch, tmp_path)
    st.cache_resource.clear()
    monkeypatch.setattr(engine, "train_lab_teacher", lambda: teacher)


def unpack(data: bytes) -> dict[str, Any]:
    """A packed frame as the browser reads it."""
    kinds = {"u1": np.uint8, "u2": np.uint16, "f4": np.float32}
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    body = data[4 + length :]
    for name, (kind, at, size) in header["arrays"].items():
        header[name] = np.frombuffer(body, kinds[kind], size, at)
    return header


def test_a_packed_frame_holds_what_the_frame_holds(teacher: engine.LabTeacher) -> None:
    from dashboard import lab_figures

    lab = engine.Lab(teacher, engine.LabSettings(n_labelled=20, wrong=0.5))
    pictures = teacher.corpus.media
    assert pictures is not None
    empty = unpack(lab_figures.pack(lab.frame, pictures, FigureStyle("dark")))
    assert empty["batch"] == 0
    assert "plan" not in empty
    frame = lab.step(2)
    assert frame.last is not None
    found = unpack(lab_figures.pack(frame, pictures, FigureStyle(), end=7))
    size = len(frame.last.indices)
    assert (found["batch"], found["end"]) == (2, 7)
    np.testing.assert_allclose(found["scores"].reshape(-1, 2) / 1e4, frame.scores, atol=1e-4)
    plan = found["plan"].reshape(size, size) / 255 * found["most"]
    np.testing.assert_allclose(plan, frame.last.plan, atol=found["most"] / 254)
    cosines = found["student_similarity"].reshape(size, size) / 127.5 - 1
    np.testing.assert_allclose(cosines, frame.last.student_similarity, atol=0.005)
    np.testing.assert_array_equal(found["pulls"], frame.last.pulls)
    np.testing.assert_array_equal(found["wrong"], frame.last.is_wrong)
    assert found["wrong"].any()
    seen = found["teacher_pictures"].reshape(size, 8, 8)
    np.testing.assert_array_equal(seen, pictures["the teacher sees"][frame.last.partners])
    np.testing.assert_array_equal(
        found["student_map"].reshape(-1, 2), frame.student_map.astype(np.float32)
    )
    assert all(at % 4 == 0 for _, at, _ in found["arrays"].values())


@pytest.mark.parametrize(
    "value",
    [None, "step", {}, {"do": "delete"}, {"do": "step", "batches": "9", "seen": 0},
     {"do": "step", "batches": True, "seen": 0}, {"do": "restart", "batches": 1}],
)  # fmt: skip
def test_an_ask_of_another_form_is_none(monkeypatch: pytest.MonkeyPatch, value: Any) -> None:
    from dashboard import lab_figures

    monkeypatch.setattr(lab_figures.st, "session_state", {"lab": {"asked": value}})
    assert lab_figures.asked() == {}


def test_no_ask_is_for_more_than_ten_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import lab_figures

    ask = {"do": "step", "batches": 10**9, "seen": 0}
    monkeypatch.setattr(lab_figures.st, "session_state", {"lab": {"asked": ask}})
    assert lab_figures.asked() == {"do": "step", "batches": 10, "seen": 0}


def test_places_are_few_and_fall_free_again() -> None:
    from dashboard.lab_places import Places

    now = [0.0]
    places = Places(most=2, idle=10, clock=lambda: now[0])
    assert places.take("a")
    assert places.take("b")
    assert not places.take("c")
    now[0] = 6
    assert places.take("a"), "who has a place keeps it"
    now[0] = 11
    assert places.take("c"), "b has not asked for too long"
    assert not places.take("b")


def ask(app: Any, **values: Any) -> Any:
    app.session_state["lab ask"] = {"do": "step", "batches": 1, "seen": 0, **values}
    return app.run()


@pytest.mark.slow
def test_the_page_answers_what_the_browser_asks(teacher: engine.LabTeacher) -> None:
    app = opened("lab")
    assert not app.exception
    assert "Two students" in words(app)
    assert [slider.label for slider in app.select_slider] == [
        "Weight λ", "Anchors k", "Entropy ε", "Labels", "Wrong pairs",
    ]  # fmt: skip
    lab = app.session_state["the lab"]
    assert lab.batch == 0
    assert ask(app).session_state["the lab"].batch == 1
    ask(app)
    assert lab.batch == 1, "an ask by somebody who has not seen the last batch is none"
    app.select_slider[4].set_value(0.5).run()
    app.selectbox(key="lab slider method").set_value("kd").run()
    assert (lab.settings.wrong, lab.settings.method) == (0.5, "kd")
    assert lab.settings.strength == 1, "λ stays the method's usual one, which is another number"
    assert app.select_slider[1].disabled
    assert app.select_slider[2].disabled
    assert lab.batch == 1, "a slider alone learns nothing"
    ask(app, batches=3, seen=1)
    assert (lab.batch, lab.frame.settings.method) == (4, "kd")
    ask(app, do="restart", seen=4)
    assert lab.batch == 0
    assert lab.settings.method == "kd"
    assert opened("lab").session_state["the lab"] is not lab, "another visitor has another"


def test_a_lesson_is_a_link() -> None:
    app = opened("lab", lab_method="kd", lab_wrong="0.5", lab_strength="3.0", lab_blur="17")
    assert not app.exception
    lab = app.session_state["the lab"]
    assert lab.settings == engine.LabSettings(method="kd", wrong=0.5, strength=3.0)
    app.select_slider[3].set_value(20).run()
    app.selectbox(key="lab slider method").set_value("pkdot").run()
    assert app.select_slider[0].value == 3.0, "λ stays the same multiple of another method's"
    assert app.query_params["lab_n_labelled"] in ("20", ["20"])
    assert "lab_method" not in app.query_params, "the usual one needs no word"
    app.session_state["address"] = {"lab_wrong": ["0.25"]}  # as after Back
    app.run()
    assert lab.settings == engine.LabSettings(wrong=0.25)
    assert app.select_slider[4].value == 0.25


def test_a_full_server_says_so_and_learns_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import lab_figures, lab_places

    shown: list[bytes] = []
    monkeypatch.setattr(lab_figures, "show", lambda data, on_ask: shown.append(data))
    monkeypatch.setattr(lab_places, "shared_places", lambda: lab_places.Places(most=0))
    app = opened("lab")
    ask(app)
    assert app.session_state["the lab"].batch == 0
    assert unpack(shown[-1])["waits"] == lab_places.FULL


@pytest.mark.slow
def test_what_stops_a_lesson_is_said_beside_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import lab_figures
    from pkdot.errors import TrainingError

    shown: list[bytes] = []
    monkeypatch.setattr(lab_figures, "show", lambda data, on_ask: shown.append(data))
    app = opened("lab")

    def fail(batches: int = 1) -> None:
        raise TrainingError("the loss became nan")

    monkeypatch.setattr(app.session_state["the lab"], "step", fail)
    assert not ask(app).exception
    assert "became nan" in unpack(shown[-1])["waits"]
    ask(app, do="restart")
    assert not unpack(shown[-1])["waits"]
