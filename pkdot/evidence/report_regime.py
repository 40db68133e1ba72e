"""One regime's section of the report: ceiling, table, verdicts, controls, chosen settings."""

import pandas as pd

from ..training.controls import TITLES
from .comparison import (
    MARGIN,
    START,
    Room,
    against_rivals,
    control_name,
    head_to_head,
    verdict,
)
from .contenders import CANDIDATE
from .markdown import interval, number, table
from .report_defaults import default_lines
from .results import RegimeResults
from .steps import CONTROLS
from .tuning import Choice

_SHORT = {
    "permuted": "permuted",
    "other_batch": "another batch",
    "labels": "labels alone",
    "random_teacher": "untrained",
    "no_privileged": "not privileged",
}


def regime_section(results: RegimeResults) -> list[str]:
    """The section; it says what has not been run."""
    lines = [f"## {results.regime.title}", ""]
    if results.table.empty:
        lines += ["The comparison has not been run.", ""]
    else:
        lines += [*_units(results), *_without_distillation(results), *_methods(results)]
        lines += _missing(results)
    return [*lines, *default_lines(results), *_settings(results)]


def _missing(results: RegimeResults) -> list[str]:
    """Who is not in the table: without a setting nothing was begun here."""
    missing = [c for c in results.contenders if c.name not in set(results.table["name"])]
    begun = [c.title for c in missing if c.name in results.choices]
    others = [c.title for c in missing if c.name not in results.choices]
    return [
        *([f"Not finished, and so not in the table: {'; '.join(begun)}.", ""] if begun else []),
        *([f"Not run here: {'; '.join(others)}.", ""] if others else []),
    ]


def _units(results: RegimeResults) -> list[str]:
    regime, n = results.regime, int(results.table["n"].iloc[0])
    sentences = [f"Intervals are over {n} {regime.unit}."]
    if regime.people:
        people = ", ".join(map(str, regime.people))
        sentences.append(f"The simulated people are drawn by the seeds {people}.")
    if regime.folds > 1:
        seeds = ", ".join(map(str, results.compared_seeds))
        sentences.append(f"There are {regime.folds} folds, each run with the seeds {seeds}.")
        if regime.tuning:
            sentences.append("Settings were chosen on other simulated people.")
    return [" ".join(sentences), "", _ceiling(results.room), ""]


def _ceiling(room: Room | None) -> str:
    if room is None:
        return "The ceiling has not been run, so it is not known whether there is room."
    found = "there is room to help" if room else "no room was resolved"
    return (
        f"The {room.ceiling} shows what the best soft labels could teach. It gains "
        f"{room.gain:+.1f} points over the best student alone ({room.over}): {found}."
    )


def _score_head(results: RegimeResults) -> str:
    score = results.regime.task.primary
    return score.axis if score.percent else f"{score.label}, hundredths"


def _without_distillation(results: RegimeResults) -> list[str]:
    others = results.table[~results.table["name"].isin(results.methods)]
    plain = others[others["role"] == "baseline"]
    ahead = plain[plain["difference_low"] > 0].sort_values("difference", ascending=False)
    named = ", ".join(f"{r['title']} ({r['difference']:+.1f})" for _, r in ahead.iterrows())
    warning = [
        f"Plain models are ahead of the student alone: {named}. Only what a method gains beyond "
        "that is more than they have without a teacher.",
        "",
    ]
    return [
        *table(
            ("without distillation", _score_head(results), "against the student alone"),
            (
                (row["title"], interval(row, "mean", ".1f"), interval(row, "difference"))
                for _, row in others.iterrows()
            ),
        ),
        *(warning if len(ahead) else []),
    ]


def _methods(results: RegimeResults) -> list[str]:
    """The methods, what they support, the candidate's rivals, and the controls."""
    methods = results.table[results.table["name"].isin(results.methods)]
    methods = methods.sort_values("mean", ascending=False)
    if methods.empty:
        return []
    lines = []
    if not results.room:
        lines += ["No room was resolved, so nothing below this line is compared.", "", "---", ""]
    lines += table(
        (
            "method",
            _score_head(results),
            "against the student alone",
            "p",
            "verdict",
            "resolvable",
            "against its start",
            "share of the gain from the privileged modality, %",
            "seconds",
        ),
        (_method(results, row) for _, row in methods.iterrows()),
    )
    if results.room:
        lines += [*_conclusions(methods), *_head_to_head(results), "", *_rivals(results)]
    return [*lines, *_controls(results)]


def _method(results: RegimeResults, row: pd.Series) -> list[str]:
    share = results.shares.get(row["name"])
    return [
        row["title"],
        interval(row, "mean", ".1f"),
        interval(row, "difference"),
        number(row["p_holm"], ".2g"),
        verdict(row) if results.room else "no room",
        number(row["resolvable"]),
        interval(row, "from_start"),
        f"{share.scaled(100):.0f}" if share else "–",
        number(row["seconds"]),
    ]


def _conclusions(methods: pd.DataFrame) -> list[str]:
    lines = []
    for wanted in ("resolved above zero", "resolved below zero", "not resolved"):
        names = [
            f"{row['title']} ({row['difference']:+.1f}"
            + (f"; {row['resolvable']:.1f} was resolvable)" if wanted == "not resolved" else ")")
            for _, row in methods.iterrows()
            if verdict(row) == wanted
        ]
        if names:
            lines += [f"- {wanted.capitalize()}: {', '.join(names)}."]
    return lines


def _head_to_head(results: RegimeResults) -> list[str]:
    """The best method with transport against the best of the rest."""
    methods = [c for c in results.tuned if c.kind == "method"]
    found = head_to_head(
        results.cells,
        results.regime,
        [contender.name for contender in methods if contender.transports],
        [contender.name for contender in methods if not contender.transports],
    )
    if found is None:
        return []
    titles = {contender.name: contender.title for contender in methods}
    one, other, gap = found
    told = "its interval holds zero" if gap.low <= 0 <= gap.high else "uncorrected"
    return [
        f"- The best with transport ({titles[one]}) against the best without ({titles[other]}), "
        f"both picked by these cells: {gap:+.1f} points ({told})."
    ]


def _rivals(results: RegimeResults) -> list[str]:
    """The form that is put forward, against every rival."""
    cells = results.cells
    if CANDIDATE not in set(cells["arm"]):
        return []
    found = against_rivals(cells, results.regime, CANDIDATE, results.methods)
    if found.empty:
        return []
    title = cells.loc[cells["arm"] == CANDIDATE, "title"].iloc[0]
    return [
        f"### {title}, put forward against every rival",
        "",
        f"{_confirmation(results)} *No worse* means that the interval lies above −{MARGIN:g} "
        "point; *p* is after Holm's correction over the rivals.",
        "",
        *table(
            ("rival", "points ahead of the rival", "p", "verdict"),
            (
                (
                    row["title"],
                    interval(row, "difference"),
                    number(row["p_holm"], ".2g"),
                    row["verdict"],
                )
                for _, row in found.iterrows()
            ),
        ),
    ]


def _confirmation(results: RegimeResults) -> str:
    if results.regime.simulated:
        return (
            "That it is PKDOT itself where there are two classes was decided on simulated people "
            "0, 2, 3 and 4: only other people confirm it."
        )
    plan = results.regime.plan
    if plan is None or plan.corpus != "digits":
        return "The form was designed on digits; these are other data."
    designed = "The form was designed after the comparison on seeds 100–119 of the digits"
    if set(results.compared_seeds) & set(range(100, 120)):
        return f"{designed}, to which these belong: they confirm nothing."
    return f"{designed}; these are others."


def _controls(results: RegimeResults) -> list[str]:
    """Every control of the methods that undergo them, against the student alone."""
    if results.control_table.empty:
        return ["The controls have not been run.", ""]
    found = results.control_table.set_index("name")
    shown = [c for c in CONTROLS if any(arm.endswith(f"|{c}") for arm in found.index)]
    rows = []
    for name in (START, *results.methods):
        arms = [control_name(name, control) for control in shown]
        if name in found.index and any(arm in found.index for arm in arms):
            rows.append(
                [
                    found["title"][name],
                    interval(found.loc[name], "difference"),
                    *(
                        interval(found.loc[arm], "difference") if arm in found.index else "–"
                        for arm in arms
                    ),
                ]
            )
    lines = ["### Controls: the gain with one thing about the teacher taken away", ""]
    if results.fewer_controls:
        n = len(results.seeds.for_controls)
        lines += [f"The controls and the shares above are on {n} of the seeds.", ""]
    heads = ("method", "the teacher as it is", *(_SHORT[control] for control in shown))
    lines += table(heads, rows)
    return [*lines, *(f"- {_SHORT[c]}: {TITLES[c]}." for c in shown), ""]


def _settings(results: RegimeResults) -> list[str]:
    if not results.choices:
        return ["No setting has been chosen.", ""]
    ends = {c.name: c.ends(results.choices[c.name].changes) for c in results.tuned}
    reached = [c.title for c in results.tuned if ends[c.name]]
    said = (
        f"At an end of its grid lies the choice of {', '.join(reached)}: more might be had there."
    )
    return [
        "### Chosen settings",
        "",
        *table(
            (
                "contender",
                "setting",
                "at an end of its grid",
                f"{results.regime.task.criterion.label} on the inner split, every setting",
            ),
            (
                (
                    c.title,
                    f"`{_setting(choice)}`",
                    "; ".join(ends[c.name]) or "–",
                    " ".join(map(_score, choice.scores)),
                )
                for c in results.tuned
                for choice in [results.choices[c.name]]
            ),
        ),
        said if reached else "No choice lies at an end of its grid.",
        "",
    ]


def _setting(choice: Choice) -> str:
    settings = {
        name.removeprefix("options."): value
        for name, value in choice.changes.items()
        if name not in ("method", "control", "network.student_encoder", "network.tnet")
    }
    return ", ".join(f"{name} = {value}" for name, value in settings.items())


def _score(score: float | None) -> str:
    return "failed" if score is None else f"{score:.3f}"
