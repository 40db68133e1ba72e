"""Flows of a plan: what is drawn is the mass, few ribbons, and a click that opens or follows."""

import numpy as np
import pytest

from pkdot import figures
from pkdot.figures import SampleTable
from tests.figures.examples import IDS, LABELS, NAMED, PLAN

SHARE = PLAN / PLAN.sum()
KINDS = {"to itself", "within its class", "to another class"}


def heights(figure: object, name: str) -> list[float]:
    """Thickness of each ribbon of one kind, where it leaves the left side."""
    trace = next(t for t in figure.data if t.name == name)  # type: ignore[attr-defined]
    y = np.split(np.array(trace.y), np.flatnonzero(np.isnan(trace.y)))
    parts = [part[np.isfinite(part)] for part in y]
    return [float(part[-1] - part[0]) for part in parts if len(part)]


def handles(figure: object) -> set[tuple[int, ...]]:
    data = next(t.customdata for t in figure.data if t.customdata is not None)  # type: ignore[attr-defined]
    return {tuple(row[:-1]) for row in data}


def test_thickness_is_mass() -> None:
    figure = figures.group_flows(PLAN, NAMED)
    own = [SHARE[np.ix_(c == LABELS, c == LABELS)] for c in range(5)]
    itself = [np.trace(part) for part in own]
    np.testing.assert_allclose(heights(figure, "to itself"), itself)
    within = [part.sum() - stays for part, stays in zip(own, itself, strict=True)]
    np.testing.assert_allclose(heights(figure, "within its class"), within)
    assert {t.name for t in figure.data if t.name} == KINDS


def test_never_a_hundred_lines() -> None:
    labels = np.arange(400) % 40
    names = [str(c) for c in range(40)]
    plan = np.random.default_rng(0).random((400, 400))
    figure = figures.group_flows(plan, SampleTable(labels, class_names=names))
    assert len(handles(figure)) <= 20 + 12
    assert "other classes" in figure.to_json()
    opened = figures.sample_flows(plan, SampleTable(labels, class_names=names), source=1, target=2)
    assert sum(len(heights(opened, t.name)) for t in opened.data if t.name) <= 40


def test_a_click_opens_two_groups_and_then_follows_one_sample() -> None:
    figure = figures.group_flows(PLAN, NAMED)
    assert {(c, c) for c in range(5)} < handles(figure)
    opened = figures.sample_flows(PLAN, NAMED, source=3, target=1)
    senders = {row[0] for row in handles(opened)} - {-1}
    assert senders <= set(np.flatnonzero(LABELS == 3))
    assert opened.layout.title.text == "<b>Opened: three → one</b>"


def test_a_bundle_within_one_group_shows_what_stays_with_its_sample() -> None:
    opened = figures.sample_flows(PLAN, NAMED, source=0, target=0)
    assert {t.name for t in opened.data if t.name} == {"to itself", "within its class"}
    np.testing.assert_allclose(
        sorted(heights(opened, "to itself")), sorted(np.diag(SHARE)[LABELS == 0])
    )


def test_without_groups_the_samples_that_move_most_are_drawn() -> None:
    plan = np.eye(30)
    plan[4, 9] = 5.0
    figure = figures.sample_flows(plan, SampleTable(np.full(30, -1), IDS))
    assert (4,) in handles(figure)
    assert max(heights(figure, "to another sample")) == pytest.approx(5 / 35)


def test_a_long_name_is_cut_to_the_room_beside_its_bar() -> None:
    long = "hole & straight stroke, symmetric, closed"
    samples = SampleTable(np.array([0, 0, 1, 1]), class_names=(long, "hole"))
    beside = [
        note.text.split(" <span")[0]
        for note in figures.group_flows(np.full((4, 4), 1 / 16), samples).layout.annotations
        if note.text.startswith("hole")
    ]
    assert beside == ["hole &amp; straight s…", "hole", "hole &amp; straight …", "hole"]
