"""Torch modules of your own as teacher and student on the digits; all other steps are the kit's.
Run: python examples/own_networks.py [--epochs 60]. One seed, nothing tuned: a demonstration."""

import argparse
import tempfile

import torch
from torch.nn import Linear, Module, ReLU, Sequential

import pkdot


class Teacher(Module):  # reads all modalities by name; gives an embedding: the kit adds a head
    def __init__(self):
        super().__init__()
        self.body = Sequential(Linear(64 + 16, 128), ReLU(), Linear(128, 32))

    def forward(self, samples):
        return self.body(torch.cat([samples["full"], samples["coarse"]], dim=1))


class Student(Module):  # reads the one prevalent modality; gives logits and embedding
    def __init__(self):
        super().__init__()
        self.body = Sequential(Linear(16, 128), ReLU(), Linear(128, 32))
        self.head = Linear(32, 10)

    def forward(self, coarse):
        z = self.body(coarse)
        return self.head(z), z


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--epochs", type=int, default=60, help="at most so many a stage (60)")
config = {"training.epochs": parser.parse_args().epochs}
folder, _ = tempfile.mkdtemp(prefix="pkdot-"), torch.manual_seed(0)
networks = {"teacher": Teacher(), "student": Student()}
scores = pkdot.run_experiment(config, **networks, progress=False, runs_dir=folder).scores
print("Right: " + ", ".join(f"{who} {scores[f'{who} accuracy']:.1%}" for who in networks))
