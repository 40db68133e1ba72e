"""The page that the benchmark of transport writes."""

import torch

from .frame import machine_facts
from .transport_problems import Case

BOUNDS = (
    "What bounds it. On spread rows up to B = 256, the number of calls: some 360 of them, of a few "
    "microseconds each, while reading the matrices takes less than a tenth of the time; POT, where "
    "ten iterations do, makes as few calls as we. Above, passes over the matrices: one power per "
    "entry and problem, and the iterations. On rows in classes scalings crawl (POT's have not "
    "arrived after a thousand), and the solver anneals and takes Newton steps: about 2,000 calls "
    "at B = 128, and from B = 512 on the products and Cholesky factors of matrices as large as the "
    "batch, whose cost grows with its cube and which many problems at once do not share. GeomLoss "
    "makes its fixed number of steps on them all the same, and its gradient is mostly 10 to 40 % "
    "off."
)


def format_page(results: list[tuple[Case, dict[str, float]]], batches: dict[str, float]) -> str:
    """The measurements as a page of Markdown."""
    lines = [
        "# Transport: time and gradient error",
        "",
        machine_facts("torch", "geomloss", "POT"),
        "",
        "Forward and backward of the debiased divergence, float32. Ratios are our time over the "
        "peer's, in the same run. The floor reads each cost matrix once per half iteration.",
        "",
        "| rows | B | k | ε | ours ms | error | GeomLoss ms | error | **ratio** | GeomLoss 0.9 ms "
        "| error | ratio | ours / floor |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for case, r in results:
        line = (
            f"| {case.kind} | {case.size} | {case.k} | {case.epsilon:g} | {1e3 * r['ours']:.2f} "
            f"| {r['ours error']:.0e} | {1e3 * r['geomloss']:.2f} | {r['geomloss error']:.0e} "
            f"| **{r['ours'] / r['geomloss']:.2f}** "
        )
        if "geomloss09" in r:
            line += f"| {1e3 * r['geomloss09']:.2f} | {r['geomloss09 error']:.0e} "
            line += f"| {r['ours'] / r['geomloss09']:.2f} "
        else:
            line += "| – | – | – "
        lines.append(f"{line}| {r['ours'] / r['floor']:.1f} |")
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
    lines += ["", "64 losses at B = 128 at once, time per problem over that of one alone: "]
    lines[-1] += ", ".join(f"{kind} {ratio:.2f}" for kind, ratio in batches.items()) + "."
    lines += ["", BOUNDS]
    if not torch.cuda.is_available():
        lines += ["", "On a GPU: not measured."]
    return "\n".join([*lines, ""])
