"""Which method gains most over the student alone, on which corpus, in which situation?"""

import pandas as pd
import streamlit as st

from dashboard import address, components, gain_tables, record_picker, widgets
from dashboard.figure_cache import figures
from dashboard.gain_tables import ALL, Shown
from pkdot.errors import printable
from pkdot.evidence.published import GainTable, rank_methods, unit_gains

MOST_LINKS = 6
METHODS = 240  # pixels of the list of methods
VIEWS = {"gains": "gains", "ranks": "ranking"}

found = gain_tables.sources()
if not found:
    components.title("Methods")
    st.info(
        "There is no table of gains yet. Compare methods on digits, in some minutes:\n\n"
        "`python -m pkdot sweep --method kd+pkdot --seeds 5`\n\n"
        "Or all methods, each tuned alike, on several corpora: "
        "`python -m pkdot evidence --quick`. Either appears here by itself.",
        icon=":material/leaderboard:",
    )
    st.stop()

# -- what is shown -------------------------------------------------------------------------------


def pick_one(label: str, options: list[str], key: str, names: dict[str, str], width: int) -> str:
    with top:
        return widgets.pick(
            label,
            options,
            key=key,
            format_func=lambda one: printable(names.get(one, one))[:60],
            width=width,
        )


top = components.bar()
with top:
    components.title("Methods", width="content")
    kind = widgets.choose("Tables", list(found), key="tables", names=dict(gain_tables.SOURCES))
source, rows = found[kind]
with top:
    view = widgets.choose("Show", list(VIEWS), key="view", names=VIEWS)
if st.session_state.get("tables shown") != (kind, view):
    st.session_state["tables shown"] = (kind, view)
    for key in ("corpus", "situation", "least"):  # they start elsewhere, unless the address says
        if not address.get(key):
            st.session_state.pop(key, None)
for sentence in source.refused[:3]:
    st.warning(f"Left out: {components.literal(sentence)}", icon=":material/warning:")
if len(source.refused) > 3:
    st.caption(f"{len(source.refused) - 3} more files are left out.")
if rows.empty:
    st.info("None of these tables has a method beside the student alone.", icon=":material/info:")
    st.stop()
corpora, situations = (
    list(dict.fromkeys(rows["corpus"])),
    dict(rows[["situation", "words"]].drop_duplicates("situation").itertuples(index=False)),
)
# A ranking needs several problems, and a sweep is about its axes.
wide = view == "ranks" or kind == "sweeps"
every = {ALL: "all"}
order = [ALL, *corpora] if wide else [*corpora, ALL]
corpus = pick_one("Corpus", order, "corpus", every, 150)
here = rows if corpus == ALL else rows[rows["corpus"] == corpus]
own = [name for name in situations if name in set(here["situation"])]
order = [ALL, *own] if wide else [*own, ALL]
situation = pick_one("Situation", order, "situation", {**situations, **every}, 210)
counts = [str(n) for n in sorted({int(n) for n in rows["n"]})]
least = int(pick_one("Units, at least", counts, "least", {}, 110))
kept = gain_tables.keep(rows, corpus, situation, least)
if kept.empty:
    st.info("No table has all of this; take *all* of one, or fewer units.", icon=":material/info:")
    st.stop()


def sentence(shown: Shown, drawn: int) -> str:
    """Which tables, how many methods and units, and what an interval says."""
    size = len(shown.tables)
    few = "" if drawn == shown.methods else f" ({drawn} best drawn)"
    return (
        f"{gain_tables.SOURCES[kind].capitalize()}: {size} table{'s' * (size != 1)}, "
        f"{shown.methods} method{'s' * (shown.methods != 1)}{few}. Points over the student alone; "
        f"paired 95 % t intervals over {components.literal(shown.over)}, and of no other data."
    )


def show_ranking(shown: Shown, methods: list[str] | None) -> None:
    """Methods by mean rank over the tables that are shown."""
    ranked = rank_methods(shown.tables, methods)
    if ranked is None:
        st.info(
            "A ranking needs three methods that were run on two problems with room or more; take "
            "*all* corpora and situations, or fewer units.",
            icon=":material/info:",
        )
        return
    ranking, titles = ranked
    components.draw(
        lambda: figures.rank_axis(
            {titles[name]: float(rank) for name, rank in ranking.ranks.items()},
            [[titles[name] for name in clique] for clique in ranking.cliques],
            "Methods by their mean rank",
            critical_difference=ranking.critical_difference,
            blocks=ranking.n_blocks,
            height=min(gain_tables.HEIGHT, 190 + 30 * len(ranking.ranks)),
            style=components.figure_style(any(t.scores.simulated for t in shown.tables)),
        ),
        "ranks",
        data=lambda: ranking.ranks.to_frame("mean rank").rename_axis("method").reset_index(),
    )
    st.caption(
        f"{gain_tables.SOURCES[kind].capitalize()}: {len(ranking.ranks)} methods that were run on "
        f"all of {ranking.n_blocks} problems with room. Friedman's test that they are alike: p = "
        f"{ranking.p:.3f}; a box holds those that Nemenyi's test does not tell apart."
    )


def show_gains(shown: Shown) -> None:
    """The forest; a click chooses a line."""
    row = gain_tables.chosen_row(shown)
    left, right = st.columns([5, 3])
    with left:
        components.draw(
            lambda: figures.gain_forest(
                shown.rows.assign(method=shown.rows["problem"], key=shown.rows["key_of"]),
                title_of(shown),
                rows_are="method",
                marked=(row["row"], row["problem"]),
                height=gain_tables.HEIGHT,
                style=components.figure_style(bool(shown.rows["simulated"].any())),
            ),
            "gains",
            data=lambda: shown.rows.drop(columns=["row", "key_of"]),
            on_pick=lambda points: address.put("gain", str(points[-1][-1])) if points else None,
        )
        st.caption(sentence(shown, shown.rows["row"].nunique()))
    with right:
        show_line(row, next(table for table in shown.tables if table.key == row["key"]))


def title_of(shown: Shown) -> str:
    """What all tables have in common."""
    first = shown.rows.iloc[0]
    parts = [first[name] for name in ("corpus", "words") if len(set(shown.rows[name])) == 1]
    return "Gains: " + (", ".join(map(str, parts)) if parts else "all that is chosen")


def show_line(row: pd.Series, table: GainTable) -> None:
    """One method on one problem, unit by unit, and its records."""
    said = "p < 0.001" if row["p_holm"] < 0.001 else f"p = {row['p_holm']:.3f}"
    components.draw(
        lambda: figures.unit_gains(
            unit_gains(table, row["method"]),
            f"{row['row']}: {row['gain']:+.1f} points",
            unit=str(row["unit"]),
            height=460,
            style=components.figure_style(bool(row["simulated"])),
        ),
        "units",
        data=lambda: unit_gains(table, row["method"]),
    )
    st.caption(
        f"{components.plain(row['problem'], 120)}: {row['gain']:+.1f} points, 95 % interval "
        f"{row['gain_low']:+.1f} to {row['gain_high']:+.1f}, n = {int(row['n'])} "
        f"{components.plain(row['unit'])}; {said}, corrected for all methods here (Holm)."
    )
    records = gain_tables.records_of(table, row["method"])
    if not records:
        if kind == "sweeps":
            st.caption("No whole record was kept; a grid file with `--records` keeps them.")
        return
    with st.container(horizontal=True, gap="small"):
        for number, path in enumerate(records[:MOST_LINKS]):
            label = components.plain(path.name, 24)
            if st.button(label, key=f"record {number}", icon=":material/open_in_new:"):
                widgets.set_aside("run", record_picker.sweep_key(path))
                pages = {page.title: page for page in st.session_state["pages"]}
                st.switch_page(pages["Runs"])


titles = {str(name): None for name in sorted(kept["title"].map(str))}
if "methods" not in st.session_state:
    st.session_state["methods"] = [name for name in address.get_all("methods") if name in titles]
st.session_state["methods"] = [name for name in st.session_state["methods"] if name in titles]
with top:
    wanted = st.multiselect(
        "Methods",
        list(titles),
        key="methods",
        format_func=lambda name: printable(name)[:60],
        placeholder="all, the best first",
        width=METHODS,
    )
address.put("methods", wanted)
shown = gain_tables.arrange(source, kept, wanted)
if view == "ranks":
    asked = set(kept.loc[kept["title"].map(str).isin(wanted), "method"])
    show_ranking(shown, list(asked) or None)
else:
    show_gains(shown)
