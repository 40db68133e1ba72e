"""The page Methods: what it shows of which tables, and that no file takes it down."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.example_records import write_record
from tests.support.gain_files import GAINS, sweep_content, write_sweep_file
from tests.support.pages import figures, opened, spec, surround, words


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pkdot.evidence import published

    surround(monkeypatch, tmp_path)
    monkeypatch.setattr(published, "KIT", tmp_path / "no report")


def whole(**address: Any) -> Any:
    app = opened("methods", **address)
    assert not app.exception
    assert not app.error
    return app


def test_without_any_table_it_says_what_to_type() -> None:
    app = whole()
    assert figures(app) == 0
    assert "python -m pkdot sweep" in words(app)
    assert "python -m pkdot evidence" in words(app)


@pytest.mark.slow
def test_a_sweep_is_shown_with_its_units_and_the_best_is_opened(tmp_path: Path) -> None:
    write_sweep_file(tmp_path / "runs")
    app = whole()
    assert "1 table, 2 methods" in words(app)
    assert "over 3 seeds" in words(app)
    assert figures(app) == 2
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert drawn["layout"]["yaxis"]["ticktext"] == ["title of pkdot", "title of kd"]
    assert "title of pkdot: +6.0 points" in spec(app, 1)
    app = whole(gain="digits-kd-0a1b2c|kd")  # what a click writes into the address
    assert "title of kd: +3.0 points" in spec(app, 1)
    assert app.query_params["gain"] == "digits-kd-0a1b2c|kd"


@pytest.mark.slow
def test_the_report_of_the_kit_is_filtered_and_ranked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pkdot.evidence import published

    monkeypatch.undo()
    surround(monkeypatch, tmp_path)
    assert published.KIT.is_dir()
    app = whole()
    assert "The kit's report: 3 tables, 22 methods (12 best drawn)" in words(app)
    app.selectbox(key="corpus").set_value("biovid").run()
    assert "over 20, 60, 100 subjects" in words(app)
    assert "simulated data" in spec(app, 0)
    app.selectbox(key="least").set_value("60").run()
    assert "over 60, 100 subjects" in words(app)
    assert app.query_params["least"] == "60"
    app = whole(view="ranks")
    assert "Methods by their mean rank" in spec(app, 0)
    assert "Friedman's test" in words(app)
    app = whole(view="ranks", corpus="digits", situation="pairs")
    assert "A ranking needs three methods" in words(app)
    app = whole(methods=["PKDOT", "nobody"], corpus="x", least="many", tables="none")
    assert app.multiselect(key="methods").value == ["PKDOT"]
    assert "1 method." in words(app)


def test_a_bad_file_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    good = write_sweep_file(tmp_path / "runs")
    for number, text in enumerate(("[" * 5000, "{}", "\x00", "", '{"version": 1, "tables": 3}')):
        good.with_name(f"bad{number}.json").write_text(text)
    app = whole()
    assert len(app.warning) == 3
    assert "no table of a sweep" in app.warning[0].value.replace("\\", "")
    assert "2 more files are left out." in words(app)
    assert figures(app) == 2


def test_names_in_a_table_stay_plain_text(tmp_path: Path) -> None:
    evil = "![x](https://example.org/x.png) <a href='x'>:red[x]</a> \u202e$x$"
    file = write_sweep_file(tmp_path / "runs", "evil", corpus=evil, place=evil, unit=evil[:50])
    content = sweep_content(GAINS, corpus=evil, place=evil, unit=evil[:50])
    content["tables"][0]["arms"][2]["title"] = evil
    file.write_text(json.dumps(content))
    app = whole()
    assert figures(app) == 2
    shown = words(app)
    for text in ("![", ":red[x]", "$x$", "\u202e"):
        assert text not in shown
    assert "<a" not in spec(app, 0)
    assert "<a" not in spec(app, 1)


@pytest.mark.slow
def test_a_record_that_was_kept_is_opened_on_all_pages(tmp_path: Path) -> None:
    write_sweep_file(tmp_path / "runs", records={"pkdot": ["kept", "gone"]})
    write_record(tmp_path / "sweeps" / "records", run_id="kept", seed=5)
    app = whole()
    buttons = [button for button in app.button if str(button.key).startswith("record ")]
    assert [button.label for button in buttons] == ["kept"]
    buttons[0].click().run()
    assert not app.exception
    assert "patterns, by a test: **did it gain?**" in words(app)
    assert app.sidebar.selectbox[0].value == "sweeps/kept"
    app = opened("similarity", run="sweeps/kept")
    assert not app.warning
    assert "the two correlate at" in words(app)
    app = opened("similarity", run="sweeps/../runs")  # no way out of the folder
    assert "There is no run yet" in words(app)


def test_methods_are_ordered_by_what_they_gain_beside_the_others_of_their_table() -> None:
    from dashboard.gain_tables import arrange
    from pkdot.evidence.published import GainSource

    gains = {
        "many": {"good": 8.0, "sum": 7.9, "poor": 2.0, "bad": 1.0},
        "few": {"good": 9.0, "next": 8.5},
    }
    rows = pd.DataFrame(
        {"key": key, "method": name, "title": name, "gain": gain, "corpus": "digits"}
        | {"words": "pairs", "drawn": key, "simulated": False}
        for key, each in gains.items()
        for name, gain in each.items()
    )
    shown = arrange(GainSource("kit", (), (), ()), rows, [])
    assert list(dict.fromkeys(shown.rows["row"])) == ["good", "sum", "next", "poor", "bad"]
