"""The page that the benchmark of transport writes."""

from statistics import median

import torch

from .frame import machine_facts
from .transport_problems import Case

COLUMNS = ("ours", "torch", "before", "geomloss", "geomloss09")
NAMES = {
    "ours": "ours",
    "torch": "in torch",
    "before": "before",
    "geomloss": "GeomLoss",
    "geomloss09": "GeomLoss 0.9",
}

BOUNDS = (
    "What bounds it. On spread rows a few scalings do, and most of the time goes into the calls "
    "around them: costs, checks, gradient. On rows in classes scalings crawl (POT's have not "
    "arrived after a thousand): the answer is followed down from a large epsilon, with two to ten "
    "linear systems on the way. Up to B = 400 one compiled function makes the whole solve, where "
    "numba is installed; *in torch* is the same algorithm without it, where calls are most of the "
    "time up to B = 128. Above, products and Cholesky factors of matrices as large as the batch "
    "bound both. GeomLoss makes its fixed number of steps on all rows."
)


SOURCES = (
    "Rows called spread and classes are drawn (`pkdot/benchmarks/transport_problems.py`). The "
    "others are the probe samples of run records at their first, middle and last epoch: digits "
    "that of `reports/example`, simulated biovid that of `python -m pkdot run --preset default`. "
    "To measure again: `python -m pkdot.benchmarks.transport --record reports/example --record RUN "
    "--before CHECKOUT`."
)


def format_page(
    results: list[tuple[Case, dict[str, float]]],
    batches: dict[str, dict[str, float]],
    before: str = "",
) -> str:
    """The measurements as a page of Markdown.

    Args:
        results: each case with what ``transport.measure`` gave.
        batches: milliseconds per problem, from ``transport.measure_batches``.
        before: what the column of an earlier solver stands for.
    """
    columns = [name for name in COLUMNS if any(name in r for _, r in results)]
    peers = [name for name in columns if name not in ("geomloss", "geomloss09")]
    heads = [f"{NAMES[name]} ms | error" for name in columns]
    ratios = [f"**{NAMES[name]} / GeomLoss**" for name in peers]
    lines = [
        "# Transport: time and gradient error",
        "",
        machine_facts("torch", "numba", "geomloss", "POT"),
        "",
        "Forward and backward of the debiased divergence, float32; all take turns in one run, and "
        "processor time is compared, by its median. "
        "GeomLoss runs at its default scaling, 0.5, and at 0.9. *In torch*: without machine code."
        + (f" *Before*: the solver of {before}." if before else ""),
        "",
        SOURCES,
        "",
        f"| rows | B | k | ε | {' | '.join(ratios + heads)} |",
        "|---" * (4 + len(ratios) + 2 * len(heads)) + "|",
    ]
    for case, r in results:
        cells = [case.kind, str(case.size), str(case.k), f"{case.epsilon:g}"]
        cells += [f"**{r[name] / r['geomloss']:.2f}**" for name in peers]
        for name in columns:
            cells += (
                [f"{1e3 * r[name]:.2f}", f"{r[f'{name} error']:.0e}"] if name in r else ["–"] * 2
            )
        lines.append(f"| {' | '.join(cells)} |")
    lines.append("")
    for name in peers:
        found = sorted(r[name] / r["geomloss"] for _, r in results)
        lines.append(
            f"{NAMES[name].capitalize()} over GeomLoss: median {median(found):.2f}, "
            f"largest {found[-1]:.2f}; largest gradient error "
            f"{max(r[f'{name} error'] for _, r in results):.0e}.  "
        )
    lines += [
        "",
        "One plan, not debiased, at a marginal error of 1e-4: our `sinkhorn` against POT's torch "
        "`sinkhorn_log`, and 16 plans at once against `ot.batch` (ms per plan). ≤ marks rows where "
        "POT had not reached that error after 1,000 iterations (200 at B = 1024).",
        "",
        "| rows | B | k | ε | ours ms | POT ms | **ratio** | ours ×16 | ot.batch ×16 | ratio |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for case, r in results:
        bound = "≤ " if "pot short" in r else ""
        line = (
            f"| {case.kind} | {case.size} | {case.k} | {case.epsilon:g} "
            f"| {1e3 * r['ours plan']:.2f} | {1e3 * r['pot']:.2f} "
            f"| **{bound}{r['ours plan'] / r['pot']:.3f}** "
        )
        if "pot batch" in r:
            ratio = r["ours batch"] / r["pot batch"]
            line += (
                f"| {1e3 * r['ours batch']:.2f} | {1e3 * r['pot batch']:.2f} | {bound}{ratio:.3f} |"
            )
        else:
            line += "| – | – | – |"
        lines.append(line)
    lines += ["", "Thirty losses at B = 128, k = 30, milliseconds per problem:", ""]
    ways = list(next(iter(batches.values())))
    lines += [f"| rows | {' | '.join(ways)} |", "|---" * (1 + len(ways)) + "|"]
    for kind, times in batches.items():
        lines.append(f"| {kind} | {' | '.join(f'{times[way]:.2f}' for way in ways)} |")
    lines += ["", BOUNDS]
    if not torch.cuda.is_available():
        lines += ["", "On a GPU: not measured."]
    return "\n".join([*lines, ""])
