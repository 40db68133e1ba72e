"""What the pages of the dashboard show: comparisons, orders, clicks, colours, downloads."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.example_records import forget_digests, write_clips_record, write_record
from tests.support.pages import FIGURES, figures, opened, spec, surround, words


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


@pytest.mark.slow
def test_bad_values_in_the_address_do_no_harm(record_copy: Path) -> None:
    bad = {"epoch": "999", "source": "nowhere", "sample": "../x", "order": "<b>", "k": "many",
           "policy": "none", "blur": "-1", "projection": "3d", "colour": "x", "with": "ghost",
           "class": "99", "sort": "x", "panel": "x", "stage": "x",
           "flow": "2.x", "answers": "x", "label": "-1", "large": "maybe"}  # fmt: skip
    for page in FIGURES:
        app = opened(page, **bad)
        assert not app.exception
        assert not app.error
        assert figures(app) == FIGURES[page]


@pytest.mark.slow
def test_runs_of_the_same_test_samples_are_compared_in_pairs(tmp_path: Path) -> None:
    for run_id, method in (("one", "kd"), ("two", "pkdot")):
        write_record(tmp_path / "runs", run_id=run_id, method=method)
    app = opened("runs", **{"with": ["two", "one"]})
    assert "2 runs compared" in words(app)
    assert figures(app) == 2
    assert "paired difference to patterns · pkdot · seed 0" in spec(app, 0)
    assert "over 6 test subjects" in spec(app, 0)
    assert "How these runs trained" in spec(app, 1)
    assert "Intervals over fewer than 10 test subjects are rough." in words(app)
    assert not app.error


def test_runs_that_cannot_be_compared_say_why(tmp_path: Path) -> None:
    from pkdot.record import Recorder

    for run_id in ("one", "two"):
        with Recorder("empty", runs_dir=tmp_path / "runs", run_id=run_id):
            pass
    app = opened("runs", **{"with": ["two", "one"]})
    assert not app.exception
    assert "choose runs that have finished" in words(app)


def test_an_own_run_named_example_hides_nothing(
    finished_record: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from dashboard import record_picker

    monkeypatch.setattr(record_picker, "EXAMPLE", finished_record)
    write_record(tmp_path / "runs", run_id="example", corpus="other data")
    app = opened("runs", run="example")
    assert app.sidebar.selectbox[0].value == "example"
    assert "patterns, by a test: **did it gain?**" in words(app)
    assert len(app.sidebar.selectbox[0].options) == 2
    assert opened("runs").sidebar.selectbox[0].value == "example/"


@pytest.mark.slow
def test_similarity_is_sorted_by_class_subject_and_clustering(record_copy: Path) -> None:
    app = opened("similarity")
    seen = set()
    for order in ("class", "subject", "clustering"):
        app.get("button_group")[1].set_value(order).run()
        seen.add(spec(app, 0))
        assert not app.exception
    assert len(seen) == 3


@pytest.mark.slow
def test_a_link_names_the_sample_on_every_page(record_copy: Path) -> None:
    for page, at in (("similarity", 0), ("anchors", 1), ("transport", 1), ("samples", 1)):
        app = opened(page, sample="sample-017", panel="one")
        assert app.selectbox(key="sample").value == "sample-017"
        assert re.search("<b>[^<]*sample-017[^<]*</b>", spec(app, at)), page


@pytest.mark.slow
def test_each_tab_is_drawn_once_it_is_open(record_copy: Path) -> None:
    tabs = {"similarity": {"one": 1, "epochs": 1}, "runs": {"answers": 1, "settings": 0},
            "anchors": {"weight": 1, "pictures": 1, "policies": 1, "rows": 1, "count": 1},
            "transport": {"plan": 2, "steps": 1}, "maps": {"film": 1},
            "samples": {"features": 2}}  # fmt: skip
    for page, panels in tabs.items():
        app = opened(page)
        for panel, number in panels.items():
            app.session_state["panel next"] = panel
            app.run()
            assert not app.exception
            assert not app.error
            assert figures(app) == number, (page, panel)


@pytest.mark.slow
def test_a_flow_opens_into_its_samples_and_stays_in_the_address(record_copy: Path) -> None:
    app = opened("transport", epoch="2", blur="0.5")
    assert "The plan as flows between classes" in spec(app, 0)
    flows = app.selectbox(key="flow").options
    assert flows[0] == "all classes"
    app.selectbox(key="flow").set_value("1.2").run()
    assert "Opened: one → two" in spec(app, 0)
    assert app.query_params["flow"] == "1.2"
    assert "Opened: one → two" in spec(opened("transport", flow="1.2", epoch="2", blur="0.5"), 0)


@pytest.mark.slow
def test_every_figure_says_what_it_shows(record_copy: Path) -> None:
    for page in ("transport", "samples"):
        for chart in opened(page).get("plotly_chart"):
            assert len(chart.proto.alt) > 40
    assert "Parts: Teacher, Student" in opened("maps").get("plotly_chart")[0].proto.alt


@pytest.mark.slow
def test_large_type_reaches_the_figures(record_copy: Path) -> None:
    app = opened("maps")

    def size() -> float:
        layout = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
        return float(layout["template"]["layout"]["font"]["size"])

    before = size()
    app.toggle(key="large").set_value(True).run()
    assert size() > before
    assert app.query_params["large"] == "True"


@pytest.mark.slow
def test_relatives_of_the_plan_stand_beside_it(record_copy: Path) -> None:
    app = opened("transport", panel="others")
    table = app.dataframe[0].value.set_index("plan")
    share = table["on the diagonal"].str.rstrip(" %").astype(float)
    cost = table["cost of moving"].astype(float)
    assert share["identity-aware"] >= share["entropic (the loss)"]
    assert cost["exact (ε = 0)"] <= cost["entropic (the loss)"]
    assert table["mass moved"]["unbalanced"] != "100 %"


@pytest.mark.slow
def test_maps_are_coloured_by_what_the_reader_asks(record_copy: Path) -> None:
    app = opened("maps")
    seen = {}
    for colour in ("class", "subject", "error", "prediction", "teacher"):
        app.get("button_group")[1].set_value(colour).run()
        assert not app.exception
        seen[colour] = spec(app, 0)
    assert "person 3" in seen["subject"]
    assert '"right"' in seen["error"]
    assert '"wrong"' not in seen["error"]  # this student is always right
    health = opened("maps", panel="trust").dataframe[0].value
    assert health["network"].tolist() == ["teacher", "student"]
    assert health["purity by chance"].tolist() == ["19 %", "19 %"]


@pytest.mark.slow
def test_chosen_samples_stand_out_in_both_maps_until_none_is_chosen(record_copy: Path) -> None:
    app = opened("maps", chosen="1-2.500")
    assert "2 of 90 samples are chosen" in words(app).replace("\\", "")
    next(b for b in app.button if b.label == "Choose none").click().run()
    assert "are chosen" not in words(app)


@pytest.mark.slow
def test_samples_are_sorted_by_disagreement(record_copy: Path) -> None:
    import pandas as pd

    path = record_copy / "predictions.parquet"
    table = pd.read_parquet(path)
    outputs = [c for c in table if c.startswith("student_")]
    table.loc[33, outputs] = [0.0, 1.0, 0.0, 0.0, 0.0]  # sample 33 is of class 3
    forget_digests(path.parent)
    table.to_parquet(path)
    manifest = json.loads((record_copy / "run.json").read_text())
    manifest["files"]["predictions.parquet"] = path.stat().st_size
    (record_copy / "run.json").write_text(json.dumps(manifest))
    listed = opened("samples", panel="table").dataframe[0].value
    assert listed["sample"].iloc[0] == "sample-033"
    assert (listed["class"].iloc[0], listed["student"].iloc[0]) == ("three", "one")
    app = opened("samples")
    assert "three → one" in spec(app, 0)
    assert app.selectbox(key="sample").value == "sample-033"
    table = opened("samples", **{"panel": "table", "class": "2"}).dataframe[0].value
    assert set(table["class"]) == {"two"}


@pytest.mark.slow
@pytest.mark.parametrize("page", FIGURES)
def test_clips_with_signals_and_subjects_are_shown(page: str, tmp_path: Path) -> None:
    write_clips_record(tmp_path / "runs")
    app = opened(page, panel="curves") if page == "runs" else opened(page)
    assert not app.exception
    assert not app.error
    assert figures(app) == FIGURES[page]
    assert all("simulated data" in chart.proto.spec for chart in app.get("plotly_chart"))
    if page == "runs":
        assert "encoder of video" in app.get("button_group")[0].options


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize("page", ["runs", "pairs", "maps", "samples"])
def test_a_record_without_class_names_is_shown_by_their_numbers(page: str, tmp_path: Path) -> None:
    write_record(tmp_path / "runs", class_names=())
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert figures(app) == FIGURES[page]


def test_each_figure_can_be_taken_away(record_copy: Path) -> None:
    for page in FIGURES:
        app = opened(page)
        labels = [button.proto.label for button in app.get("download_button")]
        assert labels.count("Figure") == FIGURES[page]
        assert page in ("pairs", "samples") or "Data" in labels


@pytest.mark.slow
def test_a_slider_that_plays_goes_on_and_stops_at_its_end(record_copy: Path) -> None:
    app = opened("similarity")
    app.select_slider(key="epoch").set_value(2).run()
    app.button(key="epoch button").click().run()
    assert app.button(key="epoch button").label == "Pause"
    assert app.session_state["playing"] == "epoch"
    app.session_state["epoch next"] = 9  # what the timer of a browser would do
    app.run()
    assert app.select_slider(key="epoch").value == 9
    assert "playing" not in app.session_state
    assert app.button(key="epoch button").label == "Play"


@pytest.mark.slow
def test_a_figure_is_drawn_again_only_where_it_changes(
    record_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit

    from pkdot import figures as functions

    drawn: list[str] = []
    for name in ("anchor_maps", "sample_row"):

        def counted(*arguments: Any, _name: str = name, **options: Any) -> Any:
            drawn.append(_name)
            return functions.__dict__[f"own {_name}"](*arguments, **options)

        monkeypatch.setitem(functions.__dict__, f"own {name}", getattr(functions, name))
        monkeypatch.setattr(functions, name, counted)
    streamlit.cache_resource.clear()
    app = opened("anchors")
    assert set(drawn) == {"anchor_maps", "sample_row"}
    app.run()
    drawn.clear()
    before = spec(app, 1)
    app.selectbox(key="sample").set_value("sample-017").run()
    assert drawn == ["sample_row"]
    assert spec(app, 1) != before
    app.selectbox(key="sample").set_value("sample-000").run()
    assert drawn == ["sample_row"]
    assert spec(app, 1) == before


@pytest.mark.slow
def test_where_every_sample_is_an_anchor_the_page_opens_on_those_that_matter(
    record_copy: Path,
) -> None:
    app = opened("anchors")
    assert "every sample of a batch" not in words(app)
    assert figures(app) == 2  # the map, and one row
    app = opened("anchors", policy="all")
    assert "Under policy *all*, every sample of a batch is an anchor." in words(app)
    table = app.dataframe[0].value
    assert len(table) == len(app.selectbox(key="sample").options)
    assert figures(app) == 1
    drawn = json.loads(spec(app, 0))["data"]
    (rings,) = (trace for trace in drawn if trace["name"] == "anchor")
    ringed = {row[0] for row in rings["customdata"]}
    assert ringed == set(table["anchor"][:10])
    assert "panel" not in app.query_params
    app = opened("anchors", policy="all", panel="map")
    assert figures(app) == 2  # a link to the map still opens it


def test_a_run_without_a_corpus_is_listed_by_its_name(tmp_path: Path) -> None:
    from pkdot.record import Recorder

    with Recorder("my own loop", runs_dir=tmp_path / "runs"):
        pass
    listed = opened("runs").dataframe[0].value
    assert listed["corpus"].tolist() == ["my own loop"]


@pytest.mark.slow
def test_runs_opens_with_what_distillation_brought(tmp_path: Path) -> None:
    config = {"data": {"name": "digits"}, "k": 10}
    for method, right in (("pkdot", 0.6), ("none", 0.5)):
        recorder = write_record(
            tmp_path / "runs", run_id=method, method=method, config={**config, "method": method},
            finish=False,
        )  # fmt: skip
        recorder.log_metrics("student", 5, "test", {"accuracy": right})
        recorder.log_metrics("teacher", 5, "test", {"accuracy": 0.9})
        recorder.finish(best_epoch=5)
    app = opened("runs", run="pkdot")
    assert not app.exception
    tiles = {tile.label: tile.value for tile in app.metric}
    assert (tiles["student alone"], tiles["student, test accuracy"]) == ("50.0 %", "60.0 %")
    assert tiles["gap closed"] == "25 %"  # also without an interval
    assert "+10.0 points" in [tile.delta for tile in app.metric]
    # Both records keep the same answers, which say so, whatever scores were logged.
    said = r"\*\*it gained 10\.0 points\*\* \(95 % interval 0\.0 to 0\.0\) over the same student"
    assert re.search(said, words(app))
    shutil.rmtree(tmp_path / "runs" / "none")
    app.run()
    assert "student alone" not in [tile.label for tile in app.metric]
    assert "did it gain?" in words(app)
    assert [button.label for button in app.button].count("Make the control") == 1


def test_a_fresh_clone_opens_on_what_the_student_gained(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import record_picker
    from pkdot.record.location import example_directory

    monkeypatch.setattr(record_picker, "EXAMPLE", example_directory())
    app = opened("runs")
    assert not app.exception
    assert app.sidebar.selectbox[0].value == "example/"
    assert app.dataframe[0].value["method"].tolist() == ["kd+pkdot", "none"]
    assert "over the same student without a teacher" in words(app)
    number = r"-?\d+\.\d"
    assert re.search(rf"points\*\* \(95 % interval {number} to {number}\) over", words(app))
    assert re.search(r"Gap closed: -?\d+ % \(-?\d+ to -?\d+ %\)", words(app))
    assert "Intervals are paired over 697 test samples." in words(app)
    assert "student alone" in [tile.label for tile in app.metric]
    assert "Make the control" not in [button.label for button in app.button]


@pytest.mark.parametrize(
    ("scores", "interval", "said"),
    [
        ((0.5, 0.6), (0.04, 0.16), "**it gained 10.0 points** (95 % interval 4.0 to 16.0) over"),
        ((0.5, 0.6), (-0.1, 0.3), "may be chance"),
        ((0.5, 0.4), (-0.16, -0.04), "**it lost 10.0 points** (95 % interval 4.0 to 16.0) to"),
        ((0.5, 0.5), (-0.1, 0.1), "**it gained nothing** (95 % interval -10.0 to 10.0) over"),
    ],
)
def test_a_sentence_says_whether_a_student_gained(
    tmp_path: Path, scores: tuple[float, float], interval: tuple[float, float], said: str
) -> None:
    from dashboard import gain
    from pkdot.analysis.statistics import Interval
    from pkdot.record import open_record
    from pkdot.record.control import Gain

    record = open_record(write_record(tmp_path / "runs", method="kd").path)
    gained = Interval(sum(interval) / 2, *interval, 5, 0.95)
    both = gained, gained.scaled(2.5)
    found = gain._verdict(record, Gain(*scores, 0.9, *both, "seeds", (0, 1)))
    assert said in found
    assert "Intervals are paired over 5 seeds." in found
    assert ("chance" in found) == (interval[0] <= 0 <= interval[1])
    nobody = gain._verdict(record, Gain(*scores, 0.9, None, None, "", (0,)))
    assert "interval" not in nobody.lower()


def test_the_control_of_others_data_is_not_made_by_the_page(tmp_path: Path) -> None:
    write_record(tmp_path / "runs", config={"data": {"name": "own", "path": "/etc"}})
    app = opened("runs")
    assert not app.exception
    assert "Make the control" not in [button.label for button in app.button]
    assert "not among the records" in words(app)
