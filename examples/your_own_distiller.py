"""A distillation method of your own, from a folder of your own, without a change to the kit.
Run: python examples/your_own_distiller.py [--methods FOLDER] [--method centred] [--epochs 60]."""

import argparse
import tempfile
from pathlib import Path

import pkdot
import pkdot.distillers

beside = Path(__file__).with_name("methods")
parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--methods", type=Path, default=beside, help="folder of methods, one a file")
parser.add_argument("--method", default="centred", help="one of them (centred)")
parser.add_argument("--epochs", type=int, default=60, help="at most so many a stage (60)")
parser.add_argument("--out", type=Path, help="folder of the record (a temporary one)")
given = parser.parse_args()

# From here on this process finds the methods of that folder as well. The command line does not:
# for it, put the file into pkdot/distillers.
pkdot.distillers.__path__.append(str(given.methods))

method = f"kd+{given.method}"
config = {"method": method, "training.epochs": given.epochs}
config[f"options.{given.method}.weight"] = 3.0
folder = given.out or Path(tempfile.mkdtemp(prefix="pkdot-"))
record = pkdot.run_experiment(config, runs_dir=folder, progress=False)
right = record.scores["student accuracy"]
print(f"{method}: the student is right on {right:.1%} of the test digits; {record.path}")
