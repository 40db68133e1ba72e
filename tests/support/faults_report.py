"""The page of ``make faults``: what was tried, what survived, what was lost.

PKDOT_FAULTS=rows.jsonl python -m pytest tests/faults
python tests/support/faults_report.py rows.jsonl reports/benchmarks/faults.md
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

HEAD = """# Faults

Each fault was caused, not imitated where the machine allows it: processes are killed, disks are
really full, bytes are really changed. *Survived*: the old content or the new is there whole, and
one sentence says what is wrong. *Lost*: what should be there and is not. Written by `make faults`.
"""


def page(rows: list[dict]) -> str:
    """A table of the rows, those of one fault and place added up."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        of = sums[row["kind"], row["where"]]
        for column, name in enumerate(("tries", "survived", "lost")):
            of[column] += row[name]
    lines = ["| fault | where | tries | survived | lost |", "|---|---|---:|---:|---:|"]
    for (kind, where), (tries, survived, lost) in sorted(sums.items()):
        lines.append(f"| {kind} | {where} | {tries:,} | {survived:,} | {lost:,} |")
    tries, survived, lost = (sum(of[column] for of in sums.values()) for column in range(3))
    share = 100 * survived / tries if tries else 0.0
    total = f"{tries:,} tries, {survived:,} survived ({share:.4g} %), {lost:,} lost."
    return "\n".join([HEAD, total, "", *lines, ""])


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    found = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    target.write_text(page(found), encoding="utf-8")
    print(target)
