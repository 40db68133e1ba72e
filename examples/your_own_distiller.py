"""A distillation method of your own, used in an experiment without a change to the kit.
Run: python examples/your_own_distiller.py [--epochs 60] [--out FOLDER]."""

import argparse
import tempfile
from pathlib import Path

import pkdot
from pkdot.distillers import Distiller, available_distillers


class CentredEmbeddings(Distiller):
    """Mean of (Z_T − mean Z_T − (Z_S − mean Z_S))²; needs embeddings of one width."""

    name = "centred"
    title = "centred embeddings"

    def loss(self, teacher, student, labels):
        difference = teacher.embedding - student.embedding
        return (difference - difference.mean(0)).square().mean()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=60, help="at most so many a stage (60)")
parser.add_argument("--out", type=Path, help="folder of the record (a temporary one)")
given = parser.parse_args()

# Known to this process alone. A file in pkdot/distillers is known to the command line as well.
available_distillers()[CentredEmbeddings.name] = CentredEmbeddings
config = {"method": "kd+centred", "options.centred.weight": 3.0, "training.epochs": given.epochs}
folder = given.out or Path(tempfile.mkdtemp(prefix="pkdot-"))
record = pkdot.run_experiment(config, runs_dir=folder, progress=False)
right = record.scores["student accuracy"]
print(f"{record.method}: the student is right on {right:.1%} of the test digits; {record.path}")
