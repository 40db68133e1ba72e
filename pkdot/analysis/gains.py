"""The gains of many settings in one table: what goes with them, and why some vanish.

Differences are in points: hundredths of each task's primary score, signed so that more is better.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from .arm_table import comparison_table, task_of
from .statistics import (
    Interval,
    holm,
    interval_columns,
    mean_interval,
    paired_difference,
    paired_p_value,
    percentile_interval,
    resampled_scores,
    resolvable_effect,
)

SETTING = ("problem", "fusion", "encoder")
SIGNIFICANCE = 0.05
PROBED = ("adds", "complements", "room")


def gain_table(cells: pd.DataFrame, probes: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """One row a setting: its gain, and what might explain it.

    Args:
        cells: problem, problem_title, fusion; arm (``alone``, ``teacher``, or an encoder's name),
            title, role, seed and scores, as :func:`pkdot.experiments.agnostic.run_settings` gives
            them.
        probes: problem, seed and the columns of
            :class:`~pkdot.analysis.added_information.Probe`.
        level: coverage of all intervals, which are Student's t over seeds.

    Returns:
        problem, title, fusion, encoder; task (its kind), score (its name in words), n (seeds);
        alone, student, teacher (mean scores in points); gain (student − alone), teacher_gap
        (teacher − alone), each with _low and _high; privileged and prevalent (scores of plain
        models, mean over seeds); adds, complements, room (likewise, each with its interval);
        tnet_explained (share, mean; NaN without a T-Net); and why (:func:`why`).

    Raises:
        InputError: as :func:`~pkdot.analysis.arm_table.comparison_table` does, or for a problem
            without a probe of each seed.
    """
    rows = []
    for problem, fusion, part in _grids(cells):
        task = task_of(part)
        own = _probes_of(problem, probes, part)
        compared = comparison_table(part, level=level).set_index("name")
        scale = 100.0 / task.primary.factor
        probed = {name: mean_interval(100 * own[name], level) for name in PROBED if _all(own[name])}
        known = {
            key: value for name, of in probed.items() for key, value in of.columns(name).items()
        }
        sign = 1.0 if task.primary.higher_is_better else -1.0
        for encoder, row in compared.iterrows():
            if encoder in ("alone", "teacher"):
                continue
            found: dict[str, Any] = {
                **{"problem": problem, "title": part["problem_title"].iloc[0], "fusion": fusion},
                **{"encoder": encoder, "task": task.kind, "score": task.primary.label, "n": row.n},
                **{"alone": scale * compared.loc["alone", "mean"], "student": scale * row["mean"]},
                "teacher": scale * compared.loc["teacher", "mean"],
                **_difference(row, n=row.n, scale=scale * sign, level=level).columns("gain"),
                **_difference(
                    compared.loc["teacher"], n=row.n, scale=scale * sign, level=level
                ).columns("teacher_gap"),
                **{name: 100 * float(own[name].mean()) for name in ("privileged", "prevalent")},
                **known,
                "tnet_explained": _tnet(part, str(encoder)),
            }
            rows.append({**found, "why": why(found)})
    return pd.DataFrame(rows)


def gains_by_seed(cells: pd.DataFrame) -> pd.DataFrame:
    """Gain of every setting on every seed, in points: index seed, columns :data:`SETTING`."""
    found = {}
    for problem, fusion, part in _grids(cells):
        task = task_of(part)
        scores = part.pivot_table(index="seed", columns="arm", values=task.primary.name)
        sign = 100.0 if task.primary.higher_is_better else -100.0
        for arm in part["arm"].unique():
            if arm not in ("alone", "teacher"):
                found[problem, fusion, arm] = sign * (scores[arm] - scores["alone"])
    table = pd.DataFrame(found)
    return table.rename_axis(list(SETTING), axis=1)


def why(row: Mapping[str, Any]) -> str:
    """What a setting's numbers say of its gain; every reason that holds, in words.

    A gain or a loss is one whose interval leaves zero out. Where there is no gain, a reason holds
    if the interval of what a gain needs does not lie above zero: the teacher's lead over the
    student alone, what the privileged modality adds to the prevalent one, and the room, which is
    what labels of all training samples would give. A room smaller than the gain is known to is a
    reason, too. What an interval does not show is not shown to be absent: a reason says "not
    resolved" unless the interval lies below zero.

    Args:
        row: of :func:`gain_table`, from alone to tnet_explained.
    """

    def span(name: str) -> Interval:
        mean, low, high = (float(row.get(part, np.nan)) for part in interval_columns(name))
        return Interval(mean, low, high, int(row["n"]), 0.95)

    gain = span("gain")
    if gain.low > 0:
        return "a gain"
    told = {
        "teacher_gap": "the teacher leads the student alone by",
        "adds": "the privileged modality adds to the prevalent one",
        "room": "all labels would give a plain model of the prevalent modality",
    }
    reasons = []
    for name, words in told.items():
        of = span(name)
        if np.isfinite(of.low) and of.low <= 0:
            shown = "nothing" if of.high <= 0 else "not resolved"
            reasons.append(f"{words} {of:+.1f}: {shown}")
    reach, room = gain.high - gain.mean, span("room")
    if room.low > 0 and reach > room.high:
        reasons.append(f"the gain is known to ±{reach:.1f}, and the room is only {room:+.1f}")
    explained = float(row["tnet_explained"])
    if explained <= 0:
        reasons.append(f"the T-Net explains {100 * explained:.0f} % of the privileged feature")
    if not reasons:
        lead, share = span("teacher_gap").mean, gain.high
        reasons.append(
            f"teacher, information and room are there; a gain of up to {share:+.1f} of a lead of "
            f"{lead:+.1f} is not excluded"
        )
    finding = "a loss" if gain.high < 0 else "no gain resolved"
    return f"{finding}; {'; '.join(reasons)}"


def factor_table(gains: pd.DataFrame, usual: dict[str, str]) -> pd.DataFrame:
    """Does the gain depend on a factor? Each other level against the usual one, seed by seed.

    Args:
        gains: from :func:`gains_by_seed`.
        usual: factor (fusion, encoder) -> its usual level.

    Returns:
        One row a problem and other level of a factor, the other factor at its usual level: factor,
        problem, level, n; gain of the level, and ``against`` (that gain less the usual level's),
        each with _low and _high; p_holm over the rows of one factor; resolvable (points that so
        many seeds would have shown, with a power of 0.8). Empty where nothing varies.
    """
    rows = []
    for factor, level, setting in _levels(gains, usual):
        problem = setting[0]
        at_usual = (problem, *(usual[name] for name in SETTING[1:]))
        one, other = gains[setting].to_numpy(), gains[at_usual].to_numpy()
        rows.append(
            {
                "factor": factor,
                "problem": problem,
                "level": level,
                "n": len(one),
                **mean_interval(one).columns("gain"),
                **paired_difference(one, other).columns("against"),
                "p": paired_p_value(one, other),
                "resolvable": resolvable_effect(one, other),
            }
        )
    table = pd.DataFrame(rows)
    if len(table):
        table["p_holm"] = np.nan
        for _, own in table.groupby("factor"):
            table.loc[own.index, "p_holm"] = holm(own["p"])
        table = table.drop(columns="p")
    return table


def dependence(compared: pd.DataFrame, factor: str) -> str:
    """One sentence: do gains depend on a factor, as far as these seeds can tell?

    Args:
        compared: from :func:`factor_table`.
        factor: fusion or encoder.
    """
    own = compared[compared["factor"] == factor] if len(compared) else compared
    if not len(own):
        return f"{factor}: only its usual level has been run."
    resolved = own[own["p_holm"] < SIGNIFICANCE]
    if not len(resolved):
        return (
            f"{factor}: no level differs from the usual one in {len(own)} comparisons over "
            f"{own['n'].min()} seeds; differences of {own['resolvable'].min():.1f} to "
            f"{own['resolvable'].max():.1f} points would have been found."
        )
    named = ", ".join(f"{r.level} ({r.problem}: {r.against:+.1f})" for r in resolved.itertuples())
    return (
        f"{factor}: {len(resolved)} of {len(own)} comparisons differ from the usual level: {named}."
    )


@dataclass(frozen=True)
class Relation:
    """How gains rank with something else.

    Attributes:
        with_what: column of the gain table.
        rank: Spearman's correlation over all settings, its interval by drawing whole problems;
            NaN where it cannot be computed. ``n`` counts the problems.
    """

    with_what: str
    rank: Interval


def relation(table: pd.DataFrame, with_what: str) -> Relation:
    """Rank correlation of the gain with a column, over settings; problems are the unit.

    Settings of one problem share its privileged modality and are no independent witnesses. The
    problems were chosen, not drawn: the interval says how much the correlation rests on single
    ones, and nothing about problems that are not there.

    Args:
        table: from :func:`gain_table`.
        with_what: column.

    Raises:
        InputError: for fewer than three problems.
    """
    if table["problem"].nunique() < 3:
        raise InputError(
            f"A rank correlation over {table['problem'].nunique()} problems means nothing; compare "
            "three or more."
        )
    x, y = table[with_what].to_numpy(float), table["gain"].to_numpy(float)

    def rank(rows: np.ndarray) -> float:
        a, b = (pd.Series(values[rows]).rank().to_numpy() for values in (x, y))
        if not (a.std() and b.std()):
            return float("nan")
        return float(np.corrcoef(a, b)[0, 1])

    draws = resampled_scores(lambda rows: [rank(rows)], table["problem"])[:, 0]
    whole = rank(np.arange(len(table)))
    return Relation(with_what, percentile_interval(whole, draws, table["problem"].nunique()))


def _grids(cells: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for (problem, fusion), part in cells.groupby(["problem", "fusion"], sort=False):
        yield str(problem), str(fusion), part.dropna(axis=1, how="all")


def _probes_of(problem: str, probes: pd.DataFrame, part: pd.DataFrame) -> pd.DataFrame:
    own = probes[probes["problem"] == problem]
    if set(own["seed"]) != set(part["seed"]):
        raise InputError(
            f"The problem {problem!r} has no probe of each seed; run the missing ones."
        )
    return own


def _all(values: pd.Series) -> bool:
    return bool(np.isfinite(values.to_numpy(float)).all())


def _difference(row: pd.Series, *, n: int, scale: float, level: float) -> Interval:
    mean, low, high = (scale * row[name] for name in interval_columns("difference"))
    return Interval(mean, min(low, high), max(low, high), n, level)


def _tnet(part: pd.DataFrame, arm: str) -> float:
    if "tnet_explained" not in part:
        return float("nan")
    return float(part.loc[part["arm"] == arm, "tnet_explained"].mean())


def _levels(
    gains: pd.DataFrame, usual: dict[str, str]
) -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """Factor, level and setting wherever one factor alone differs from its usual level."""
    for setting in gains.columns:
        levels = dict(zip(SETTING, setting, strict=True))
        other = [name for name in usual if levels[name] != usual[name]]
        if len(other) == 1:
            yield other[0], levels[other[0]], setting
