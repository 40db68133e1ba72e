"""The page Pairs without a browser: what it sends there, and the address that all pages share."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.example_records import CLASSES, N, structured_arrays, write_record
from tests.support.pages import opened, surround, words


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surround(monkeypatch, tmp_path)


def sent(app: Any) -> tuple[dict[str, Any], bytes]:
    """What the component with both maps was given, and the arrays of the other one."""
    first, second, *_ = (element.proto for element in app.get("bidi_component"))
    return json.loads(second.json or second.mixed.json), first.bytes


def test_the_arrays_are_those_of_the_record(record_copy: Path) -> None:
    from pkdot import open_record
    from pkdot.analysis.projection import project

    data, arrays = sent(opened("pairs"))
    length = int.from_bytes(arrays[:4], "little")
    header, body = json.loads(arrays[4 : 4 + length]), arrays[4 + length :]
    assert header["key"] == data["arrays"]
    assert header["names"] == [f"sample-{i:03d}" for i in range(N)]
    assert length % 4 == 0
    assert len(body) == N * (8 + 8 + 2)
    maps = project(*open_record(record_copy).embeddings(5))
    for which, own in enumerate((maps.teacher, maps.student)):
        found = np.frombuffer(body, "<f4", 2 * N, offset=8 * N * which).reshape(N, 2)
        assert np.allclose(found, own, atol=1e-5)
    numbers = np.frombuffer(body, "<i2", N, offset=16 * N)
    assert [data["palette"][number][2] for number in numbers[:5]] == list(CLASSES)


def test_a_sample_has_its_neighbours_in_the_original_spaces(record_copy: Path) -> None:
    from pkdot import open_record
    from pkdot.analysis.agreement import cosine, nearest

    app = opened("pairs", sample="sample-007", epoch="2")
    details = sent(app)[0]["details"]
    assert details["name"] == "sample-007"
    teacher, student = (nearest(cosine(z))[7] for z in open_record(record_copy).embeddings(2))
    places = {k: [s["position"] for s in details["neighbours"][k]] for k in ("kept", "lost", "new")}
    assert places["kept"] == [i for i in teacher if i in student]
    assert places["lost"] == [i for i in teacher if i not in student]
    assert places["new"] == [i for i in student if i not in teacher]
    plan, view_class = details["plan"], structured_arrays()["labels"]
    assert sum(to["share"] for to in plan["to"]) + plan["rest"] == pytest.approx(1, abs=2e-3)
    within = [view_class[to["position"]] == view_class[7] for to in plan["to"]]
    kinds = [
        "itself" if to["position"] == 7 else "within" if same else "away"
        for to, same in zip(plan["to"], within, strict=True)
    ]
    assert [to["kind"] for to in plan["to"]] == kinds
    assert plan["away"] == ("" if all(within) else "another class")
    assert len(details["row"]["teacher"]) == len(details["row"]["anchors"]) == 10
    assert len(details["pictures"]) == 2
    assert details["neighbours"]["lost"][0]["picture"].startswith("data:image/png;base64,")


def test_the_table_begins_with_what_was_lost_most(record_copy: Path) -> None:
    app = opened("pairs")
    table = app.dataframe[0].value
    lost = table["neighbours lost"].to_numpy()
    assert (np.diff(lost) <= 0).all()
    assert lost[0] > lost[-1]
    assert table["student"].str.endswith("✓").all()  # this student is always right
    data, _ = sent(app)
    assert data["details"]["name"] == table["sample"].iloc[0]  # nothing else was chosen
    assert f"kept {len(data['details']['neighbours']['kept'])}" in data["words"]


@pytest.mark.slow
def test_other_pages_go_on_with_the_sample_that_pairs_began_with(record_copy: Path) -> None:
    app = opened("pairs")
    first = app.dataframe[0].value["sample"].iloc[0]
    app.switch_page("views/anchors.py").run()
    assert app.selectbox(key="sample").value == first
    assert app.query_params["sample"] in (first, [first])


@pytest.mark.slow
def test_of_a_long_row_the_anchors_that_differ_most_are_drawn(
    record_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import streamlit

    from dashboard import pair_details

    def row() -> dict[str, Any]:
        streamlit.cache_data.clear()
        found: dict[str, Any] = sent(opened("pairs", sample="sample-007"))[0]["details"]["row"]
        return found

    whole = row()
    apart = np.abs(np.subtract(whole["teacher"], whole["student"]))
    monkeypatch.setattr(pair_details, "MOST_ANCHORS", 3)
    part = row()
    kept = np.sort(np.argsort(-apart)[:3])
    assert part["anchors"] == [whole["anchors"][i] for i in kept]
    assert "3 of 10 anchors that differ most" in part["title"]


@pytest.mark.slow
def test_one_selection_lies_under_all_pages(record_copy: Path) -> None:
    app = opened("pairs", sample="sample-011", epoch="9", chosen="3-5.80", named="three lost")
    assert sent(app)[0]["chosen"] == "3-5.80"
    assert "4 of 90 samples are chosen as **three lost**" in words(app)
    for page in ("maps", "anchors"):
        app.switch_page(f"views/{page}.py").run()
        assert app.select_slider(key="epoch").value == 9
    assert app.selectbox(key="sample").value == "sample-011"
    app.select_slider(key="epoch").set_value(0).run()
    app.switch_page("views/pairs.py").run()
    data, _ = sent(app)
    assert data["titles"][1] == "Student, epoch 0"
    assert (data["selected"], data["chosen"]) == (11, "3-5.80")
    assert app.query_params == {
        "run": "finished", "epoch": "0", "sample": "sample-011", "chosen": "3-5.80",
        "named": "three lost",
    }  # fmt: skip


@pytest.mark.parametrize("nonsense", ["", "x", "5-", "-1", "999999-9999999", "3..4", "9-3"])
def test_a_set_of_nobody_is_no_set(nonsense: str, record_copy: Path) -> None:
    from dashboard.chosen import read_chosen

    assert read_chosen(nonsense, 90) == []


def test_sets_survive_the_address(record_copy: Path) -> None:
    from dashboard.chosen import read_chosen, write_chosen

    assert write_chosen([7, 3, 4, 5, 5, 12]) == "3-5.7.12"
    chosen = np.flatnonzero(np.random.default_rng(0).random(200) < 0.4).tolist()
    assert read_chosen(write_chosen(chosen), 200) == chosen
    assert read_chosen("3-5.7", 5) == [3, 4]


@pytest.mark.slow
def test_a_long_view_is_solved_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard import selection

    monkeypatch.setattr(selection, "LARGEST", 40)
    write_record(tmp_path / "runs", run_id="long", simulated=True)
    data, arrays = sent(opened("pairs", sample="sample-085"))
    assert len(arrays) > N * 18  # the map has all of them
    details = data["details"]
    assert "among 40" in details["plan"]["title"]
    assert all(50 <= to["position"] < 90 for to in details["plan"]["to"])
    assert all(50 <= i < 90 for i in details["row"]["anchors"])
    assert all("simulated data" in title for title in data["titles"])
