"""Every page of the dashboard: with a good record, none, a running, a damaged and a nasty one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.example_records import EPOCHS, N, structured_arrays, write_record
from tests.support.pages import FIGURES, figures, listen_on, opened, surround, words


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("page", FIGURES)
def test_each_page_shows_a_good_record(page: str, record_copy: Path) -> None:
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert not app.warning
    assert figures(app) == FIGURES[page]
    assert app.sidebar.selectbox[0].value == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("page", FIGURES)
def test_each_page_says_when_there_is_no_record(page: str) -> None:
    app = opened(page)
    assert not app.exception
    assert figures(app) == 0
    assert "There is no run yet in" in words(app)
    assert "make demo" in words(app)


@pytest.mark.slow
@pytest.mark.parametrize("page", FIGURES)
def test_each_page_shows_what_a_running_record_has(page: str, tmp_path: Path) -> None:
    recorder = write_record(tmp_path / "runs", run_id="live", finish=False)
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert "still being written" in words(app)
    assert "the page follows it" in "\n".join(c.value for c in app.sidebar.caption)
    assert figures(app) == FIGURES[page]
    recorder.finish()


def test_damage_to_the_metrics_of_a_running_record_hides_no_structure(tmp_path: Path) -> None:
    recorder = write_record(tmp_path / "runs", run_id="live", finish=False)
    (recorder.path / "metrics.parquet").write_bytes(b"\x00" * 32)
    app = opened("similarity")
    assert not app.exception
    assert not app.error
    assert figures(app) == FIGURES["similarity"]


@pytest.mark.parametrize("page", ["similarity", "anchors", "transport", "maps"])
def test_a_record_that_has_just_begun_is_met_with_a_sentence(page: str, tmp_path: Path) -> None:
    from pkdot.record import Recorder

    with Recorder("new", runs_dir=tmp_path / "runs"):
        app = opened(page)
    assert not app.exception
    assert "holds no embeddings yet" in words(app)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "file"),
    [
        ("runs", "predictions.parquet"),
        ("runs?panel=curves", "metrics.parquet"),
        ("similarity", "embeddings/epoch_0005.safetensors"),
        ("anchors", "embeddings/epoch_0005.safetensors"),
        ("transport", "probe.parquet"),
        ("maps", "maps/pca.parquet"),
        ("samples", "media/images.safetensors"),
    ],
)
def test_each_page_reports_damage_in_a_sentence(page: str, file: str, record_copy: Path) -> None:
    (record_copy / file).write_bytes(b"\x00" * 32)
    name, _, panel = page.partition("?panel=")
    app = opened(name, **({"panel": panel} if panel else {}))
    assert not app.exception
    errors = "\n".join(str(element.value) for element in app.error)
    assert "damaged" in errors
    assert "Traceback" not in words(app)
    assert "damaged" in app.sidebar.selectbox[0].options[0]


@pytest.mark.slow
@pytest.mark.parametrize("page", FIGURES)
def test_each_page_reports_a_record_that_does_not_open(page: str, record_copy: Path) -> None:
    (record_copy / "run.json").write_text('{"schema_version": 99}')
    app = opened(page)
    assert not app.exception
    assert "newer kit" in words(app)
    assert figures(app) == 0


@pytest.mark.slow
def test_a_failed_run_shows_its_message(tmp_path: Path) -> None:
    recorder = write_record(tmp_path / "runs", run_id="bad", finish=False)
    with pytest.raises(RuntimeError), recorder:
        raise RuntimeError("the loss is NaN")
    app = opened("similarity")
    assert "This run failed: RuntimeError: the loss is NaN" in words(app).replace("\\", "")
    assert figures(app) == FIGURES["similarity"]


@pytest.mark.slow
@pytest.mark.parametrize("page", FIGURES)
def test_names_from_a_record_stay_plain_text(page: str, tmp_path: Path) -> None:
    from pkdot.record import Probe

    evil = "<script>alert(1)</script> ![x](https://example.org/x.png) :red[x] $x$ `y` [z](http://z)"
    arrays = structured_arrays()
    names = [f"{i} {evil}" for i in range(N)]
    probe = Probe(names, [f"{i % 6} {evil}" for i in range(N)], arrays["labels"],
                  {evil: arrays["images"]})  # fmt: skip
    recorder = write_record(
        tmp_path / "runs", run_id="evil", corpus=evil, method=evil, class_names=[evil] * 5,
        probe=probe, names=names, finish=False,
    )  # fmt: skip
    recorder.log_metrics(evil, 1, "validation", {evil: 0.5})
    recorder.finish(best_epoch=5)
    manifest = tmp_path / "runs" / "evil" / "run.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "name": evil, "created": evil}))
    app = opened(page)
    assert not app.exception
    assert not app.error
    groups = [option for group in app.get("button_group") for option in group.options]
    for text in [*words(app).splitlines(), *map(str, groups)]:
        assert "](" not in text.replace("\\]\\(", "")
        assert ":red[" not in text
    for chart in app.get("plotly_chart"):
        assert "<script" not in chart.proto.spec.replace("\\u003c", "<")


def test_a_fault_of_our_own_shows_no_traceback(
    record_copy: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from dashboard import selection

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(selection, "choose_view", broken)
    app = opened("similarity")
    assert not app.exception
    assert "could not be drawn" in words(app)
    assert "secret detail" not in words(app)
    assert "secret detail" in caplog.text


@pytest.mark.slow
def test_epoch_and_source_move_what_is_drawn(record_copy: Path) -> None:
    app = opened("similarity")
    slider = app.select_slider(key="epoch")
    assert slider.value == 5  # the selected epoch
    assert [int(option) for option in slider.options] == list(EPOCHS)
    before = app.get("plotly_chart")[0].proto.spec
    slider.set_value(0).run()
    assert "At epoch 0" in words(app)
    assert app.get("plotly_chart")[0].proto.spec != before
    app.get("button_group")[0].set_value("batch").run()
    assert "pairs of 40 samples" in app.get("plotly_chart")[0].proto.spec


@pytest.mark.slow
def test_k_blur_and_policy_solve_the_transport_again(record_copy: Path) -> None:
    app = opened("transport")
    assert app.select_slider(key="k").value == 10  # the run's own settings
    assert app.select_slider(key="blur").value == 0.1
    tiles = {tile.label: tile.value for tile in app.metric}
    app.select_slider(key="blur").set_value(1.0).run()
    blurred = {tile.label: tile.value for tile in app.metric}
    share = "on the diagonal"
    assert float(blurred[share].rstrip(" %")) < float(tiles[share].rstrip(" %"))
    app.select_slider(key="k").set_value(3).run()
    assert {tile.label: tile.value for tile in app.metric} != blurred
    assert not app.exception


def test_the_divergence_on_the_page_is_the_loss_itself(record_copy: Path) -> None:
    import torch

    from pkdot import PKDOTLoss, open_record

    pair = open_record(record_copy).embeddings(5)
    loss = PKDOTLoss(10, 0.1, "shared")(*(torch.as_tensor(z) for z in pair))
    tiles = {tile.label: tile.value for tile in opened("transport").metric}
    assert float(tiles["divergence"]) == pytest.approx(float(loss), abs=1e-4)


@pytest.mark.slow
def test_a_link_reproduces_the_view(record_copy: Path, tmp_path: Path) -> None:
    shutil.copytree(record_copy, tmp_path / "runs" / "other")
    app = opened("runs", run="finished")
    assert app.sidebar.selectbox[0].value == "finished"
    app = opened("runs", run="other")
    assert app.sidebar.selectbox[0].value == "other"
    app = opened("runs", run="../../../etc")
    assert "a record that is not here" in words(app)
    assert app.sidebar.selectbox[0].value in ("finished", "other")


@pytest.mark.slow
def test_a_value_that_another_record_lacks_is_forgotten(record_copy: Path, tmp_path: Path) -> None:
    from pkdot.record import Recorder

    z = structured_arrays()["teacher"][:12]
    with Recorder("small", runs_dir=tmp_path / "runs", run_id="small") as recorder:
        recorder.log_embeddings(1, teacher=z, student=z)
        recorder.log_embeddings(3, teacher=z, student=z)
    app = opened("anchors", run="finished")
    app.select_slider(key="k").set_value(50).run()
    app.select_slider(key="epoch").set_value(9).run()
    app.sidebar.selectbox[0].set_value("small").run()
    assert not app.exception
    assert not app.error
    assert app.select_slider(key="epoch").value == 3
    assert app.select_slider(key="k").value == 11


def test_the_example_is_what_a_fresh_clone_opens_on(
    finished_record: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dashboard import record_picker

    monkeypatch.setattr(record_picker, "EXAMPLE", finished_record)
    write_record(tmp_path / "runs", run_id="newer")
    app = opened("runs")
    assert app.sidebar.selectbox[0].value == "example/"
    assert "example" in app.sidebar.selectbox[0].options[1]
    assert len(app.dataframe[0].value) == 2


@pytest.mark.parametrize(
    "page",
    [
        "similarity",
        *(pytest.param(p, marks=pytest.mark.slow) for p in FIGURES if p != "similarity"),
    ],
)
def test_a_simulated_record_says_so_in_every_figure(tmp_path: Path, page: str) -> None:
    write_record(tmp_path / "runs", run_id="simulated", simulated=True)
    charts = opened(page).get("plotly_chart")
    assert len(charts) >= FIGURES[page]
    for chart in charts:
        assert "simulated data" in chart.proto.spec


@pytest.mark.slow
@pytest.mark.parametrize("data", [{"media": "left out, as [these](http://x) are private"}, {}, 5])
def test_pictures_that_were_left_out_are_reported(tmp_path: Path, data: Any) -> None:
    from pkdot.record import Recorder

    with Recorder("private", runs_dir=tmp_path / "runs", facts={"data": data}):
        pass
    text = words(opened("samples"))
    if isinstance(data, dict) and data:
        assert r"The pictures were left out, as \[these\]\(http\://x\) are private." in text
    else:
        assert "This record holds neither pictures, features nor answers of single samples" in text


def test_a_record_too_small_for_a_map_says_so_once(tmp_path: Path) -> None:
    from pkdot.record import Recorder

    z = structured_arrays()["teacher"][:2]
    with Recorder("two", runs_dir=tmp_path / "runs") as recorder:
        recorder.log_embeddings(0, teacher=z, student=z)
        recorder.log_embeddings(1, teacher=z, student=z)
    app = opened("maps")
    assert not app.exception
    assert words(app).count("at least 3 samples") == 1
    assert figures(app) == 0


@pytest.mark.slow
def test_long_probes_are_cut_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import selection

    monkeypatch.setattr(selection, "LARGEST", 50)
    write_record(tmp_path / "runs")
    for page in ("similarity", "anchors", "transport", "maps"):
        app = opened(page)
        assert f"The first 50 of {N} samples are shown." in words(app)
        assert not app.exception
        assert not app.error


@pytest.mark.slow
@pytest.mark.parametrize(("address", "warned"), [(None, True), ("0.0.0.0", True), ("::1", False)])
def test_a_page_that_others_can_reach_says_so(
    address: str | None, warned: bool, record_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen_on(monkeypatch, address)
    assert ("can be reached from elsewhere" in words(opened("runs"))) == warned


def test_a_score_that_is_no_number_is_said(tmp_path: Path) -> None:
    recorder = write_record(tmp_path / "runs", run_id="diverged", finish=False)
    recorder.log_metrics("student", 9, "test", {"accuracy": float("nan")})
    recorder.finish()
    app = opened("runs")
    assert not app.exception
    assert "could not be drawn" not in words(app)
    tiles = {tile.label: tile.value for tile in app.metric}
    assert tiles["student, test accuracy"] == "not a number"
    assert app.dataframe[0].value["student"].isna().all()
    assert app.dataframe[0].proto.placeholder == "–"


def test_a_slider_keeps_its_value_when_its_words_change() -> None:
    """A browser knows a value by its words, and sends old ones unless it is given the new."""
    from streamlit.testing.v1 import AppTest

    def page() -> None:
        import streamlit as st

        from dashboard import widgets

        unit = st.session_state.get("unit", "")
        value = widgets.slide(
            "Epoch", [1, 2, 3], 1, key="epoch", format_func=lambda n: f"{n}{unit}"
        )
        st.text(str(value))

    app = AppTest.from_function(page).run()
    app.select_slider(key="epoch").set_value(2).run()
    assert not app.select_slider(key="epoch").proto.set_value  # the browser has it
    app.session_state["unit"] = " epochs"
    app.run()
    assert app.text[0].value == "2"
    assert app.select_slider(key="epoch").proto.set_value
    assert list(app.select_slider(key="epoch").proto.raw_value) == ["2 epochs"]
