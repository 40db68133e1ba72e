"""One regime's section of the report: ceiling, table, verdicts, controls, chosen settings."""

from collections.abc import Mapping

import pandas as pd

from ..analysis.statistics import Interval
from ..training.controls import TITLES
from .comparison import (
    ALONE,
    CEILINGS,
    MARGIN,
    REFERENCE,
    START,
    Room,
    against_rivals,
    compare,
    control_name,
    head_to_head,
    privileged_shares,
    room_to_help,
    verdict,
)
from .contenders import CANDIDATE, Contender
from .markdown import interval, interval_of_mean, number, table
from .plan import Plan
from .regimes import Regime
from .steps import CONTROLS, compared, controlled
from .tuning import Choice, read_choices

_SHORT = {
    "permuted": "permuted",
    "other_batch": "another batch",
    "labels": "labels alone",
    "random_teacher": "untrained",
    "no_privileged": "not privileged",
}


def regime_section(plan: Plan, regime: Regime) -> list[str]:
    """The section; it says what has not been run."""
    lines = [f"## {regime.title}", ""]
    known = read_choices(plan.choices_folder, regime, None)
    tuned = [c for c in plan.contenders_of(regime) if c.name in known]
    choices = read_choices(plan.choices_folder, regime, tuned)
    cells = compared(plan, regime)
    if cells.empty or REFERENCE not in set(cells["arm"]):
        lines += ["The comparison has not been run.", ""]
    else:
        methods = [name for name in plan.methods if name in set(cells["arm"])]
        lines += _comparison(plan, regime, cells, compare(cells, regime, methods), tuned)
        lost = [c.title for c in plan.contenders_of(regime) if c.name not in set(cells["arm"])]
        if lost:
            lines += [f"Not run to the end, and so not in the table: {', '.join(lost)}.", ""]
    return [*lines, *_settings(tuned, choices)]


def _comparison(
    plan: Plan, regime: Regime, cells: pd.DataFrame, found: pd.DataFrame, tuned: list[Contender]
) -> list[str]:
    kinds = {contender.name: contender.kind for contender in tuned}
    is_method = found["name"].map(kinds) == "method"
    n = int(found["n"].iloc[0])
    lines = [f"Unit of the intervals: {regime.unit}, {n} of them.{_replicates(plan, regime)}", ""]
    known = set(found["name"])
    room = room_to_help(cells, regime) if known & set(CEILINGS) and known & set(ALONE) else None
    lines += [_ceiling(room), ""]
    lines += table(
        ("without distillation", "right, %", "against the student alone"),
        (
            (row["title"], interval_of_mean(row), interval(row, "difference"))
            for _, row in found[~is_method].iterrows()
        ),
    )
    controls = controlled(plan, regime)
    beside = cells[cells["seed"].isin(plan.controls_on)]
    shares = privileged_shares(regime, beside, controls, found)
    methods = found[is_method].sort_values("mean", ascending=False)
    if methods.empty:
        return lines
    if not room:
        lines += [
            "Below this line nothing is compared, as there is no room; it is for the record.",
            "",
        ]
        lines += ["---", ""]
    lines += table(
        (
            "method",
            "right, %",
            "against the student alone",
            "p",
            "verdict",
            "resolvable",
            "against its start",
            "share of the gain from the privileged modality, %",
            "seconds",
        ),
        (
            (
                row["title"],
                interval_of_mean(row),
                interval(row, "difference"),
                number(row["p_holm"], ".2g"),
                verdict(row) if room else "no room",
                number(row["resolvable"]),
                interval(row, "from_start"),
                _share(shares.get(row["name"])),
                number(row["seconds"]),
            )
            for _, row in methods.iterrows()
        ),
    )
    if room:
        lines += [*_conclusions(methods), *_head_to_head(regime, cells, tuned), ""]
        lines += _candidate(regime, cells, plan.methods)
    return [*lines, *_controls(plan, regime, beside, controls)]


def _replicates(plan: Plan, regime: Regime) -> str:
    if regime.folds == 1:
        return ""
    seeds = ", ".join(str(seed) for seed in plan.seeds[: regime.most_seeds])
    told = f" {regime.folds} folds, each with the seeds {seeds}."
    if regime.people:
        drawn = ", ".join(map(str, regime.people))
        told = f" Simulated people drawn by the seeds {drawn}:{told}"
    return told + (" Settings were chosen on other simulated people." if regime.tuning else "")


def _share(share: Interval | None) -> str:
    if share is None:
        return "–"
    return f"{100 * share.mean:.0f} [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def _ceiling(room: Room | None) -> str:
    if room is None:
        return "The ceiling has not been run, so it is not known whether there is room."
    told = "there is room to help" if room else "no room was resolved"
    return (
        f"What the best soft labels could teach, {room.of}, gains {room.gain.mean:+.1f} "
        f"[{room.gain.low:+.1f}, {room.gain.high:+.1f}] points over the best student alone "
        f"({room.over}): {told}."
    )


def _conclusions(methods: pd.DataFrame) -> list[str]:
    lines = []
    for wanted in ("resolved above zero", "resolved below zero", "not resolved"):
        named = [
            f"{row['title']} ({row['difference']:+.1f}"
            + (f"; {row['resolvable']:.1f} was resolvable)" if wanted == "not resolved" else ")")
            for _, row in methods.iterrows()
            if verdict(row) == wanted
        ]
        if named:
            lines += [f"- {wanted.capitalize()}: {', '.join(named)}."]
    return lines


def _head_to_head(regime: Regime, cells: pd.DataFrame, tuned: list[Contender]) -> list[str]:
    """Transport against the rest, the best of each."""
    methods = [contender for contender in tuned if contender.kind == "method"]
    met = head_to_head(
        cells,
        regime,
        [contender.name for contender in methods if contender.transports],
        [contender.name for contender in methods if not contender.transports],
    )
    if met is None:
        return []
    titles = {contender.name: contender.title for contender in methods}
    one, other, gap = met
    told = "not resolved" if gap.low <= 0 <= gap.high else "resolved"
    return [
        f"- The best with transport against the best without, both picked by these cells: "
        f"{titles[one]} against {titles[other]}, {gap.mean:+.1f} [{gap.low:+.1f}, {gap.high:+.1f}] "
        f"points, {told}."
    ]


def _candidate(regime: Regime, cells: pd.DataFrame, methods: list[str]) -> list[str]:
    """The form that is put forward, against every rival."""
    if CANDIDATE not in set(cells["arm"]):
        return []
    found = against_rivals(cells, regime, CANDIDATE, methods)
    if found.empty:
        return []
    title = cells.loc[cells["arm"] == CANDIDATE, "title"].iloc[0]
    return [
        f"### {title}, put forward against every rival",
        "",
        f"{_made_after(regime)} *No worse*: the interval lies above −{MARGIN:g}; *p* after Holm's "
        "correction over the rivals.",
        "",
        *table(
            ("rival", "points that it is ahead", "p", "told"),
            (
                (
                    row["title"],
                    interval(row, "difference"),
                    number(row["p_holm"], ".2g"),
                    row["told"],
                )
                for _, row in found.iterrows()
            ),
        ),
    ]


def _made_after(regime: Regime) -> str:
    if regime.simulated:
        return (
            "That it is PKDOT itself where there are two classes was decided after simulated "
            "people 0, 2, 3 and 4 had been looked at: only others confirm it."
        )
    return "It was made after seeds 100–119 had been looked at: only others confirm it."


def _controls(plan: Plan, regime: Regime, cells: pd.DataFrame, controls: pd.DataFrame) -> list[str]:
    """Every control of the methods that undergo them, against the student alone."""
    if controls.empty:
        return ["The controls have not been run.", ""]
    both = pd.concat([cells, controls], ignore_index=True)
    found = compare(both, regime, []).set_index("name")
    shown = [c for c in CONTROLS if any(arm.endswith(f"|{c}") for arm in found.index)]
    rows = []
    for name in (START, *plan.methods):
        own = [control_name(name, control) for control in shown]
        if name in found.index and any(arm in found.index for arm in own):
            rows.append(
                [
                    found["title"][name],
                    interval(found.loc[name], "difference"),
                    *(
                        interval(found.loc[arm], "difference") if arm in found.index else "–"
                        for arm in own
                    ),
                ]
            )
    lines = ["### Controls: the gain with one thing about the teacher taken away", ""]
    if len(regime.bases(plan.controls_on)) < len(regime.bases(plan.seeds)):
        lines += [f"On {len(plan.controls_on)} of the seeds, and so are the shares above.", ""]
    lines += table(
        ("method", "the teacher as it is", *(_SHORT[control] for control in shown)), rows
    )
    return [*lines, *(f"- {_SHORT[c]}: {TITLES[c]}." for c in shown), ""]


def _settings(tuned: list[Contender], choices: Mapping[str, Choice]) -> list[str]:
    if not tuned:
        return ["No setting has been chosen.", ""]
    lines = ["### Chosen settings", ""]

    def told(choice: Choice) -> str:
        own = {
            name.removeprefix("options."): value
            for name, value in choice.changes.items()
            if name not in ("method", "control", "network.student_encoder", "network.tnet")
        }
        return ", ".join(f"{name} = {value}" for name, value in own.items())

    return lines + table(
        ("contender", "setting", "cross-entropy on the inner split, every setting"),
        (
            (
                c.title,
                f"`{told(choices[c.name])}`",
                " ".join("failed" if s is None else f"{s:.3f}" for s in choices[c.name].scores),
            )
            for c in tuned
        ),
    )
