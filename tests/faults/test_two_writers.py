"""Containers that share a disk also share process numbers: no write may be lost to another."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.fault_matrix import fault_row

PROGRAM = """
import os, sys, json
from pathlib import Path
os.getpid = lambda: 7
from pkdot.atomic_files import write_json
from pkdot.errors import PkdotError
lost = 0
path = Path(sys.argv[1])
content = {"writer": sys.argv[2], "filling": sys.argv[2] * 5000}
sys.stdin.readline()
for _ in range(int(sys.argv[3])):
    try:
        write_json(path, content)
    except PkdotError:
        lost += 1
    seen = json.loads(path.read_text())
    lost += seen["filling"] != seen["writer"] * 5000
print(lost)
"""


def test_writers_of_one_process_number_lose_nothing(tmp_path: Path) -> None:
    each = 100
    path = tmp_path / "shared.json"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(path), name, str(each)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in "abcd"
    ]  # fmt: skip
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    with fault_row("two writers", "one file, equal process numbers (two containers)") as row:
        for writer in writers:
            lost = int(writer.communicate(timeout=120)[0])
            row.tries += each
            row.survived += each - lost
            row.lost += lost
    assert json.loads(path.read_text())["writer"] in "abcd"
    assert [file.name for file in tmp_path.iterdir()] == ["shared.json"]
