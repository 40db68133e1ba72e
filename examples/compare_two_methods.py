"""Compare two methods over seeds: a paired difference with its 95 % interval, in points.
Run: python examples/compare_two_methods.py [--methods kd pkdot] [--seeds 3]; about a minute."""

import argparse
import tempfile

from scipy.stats import ttest_rel

import pkdot
from pkdot.experiments.sweep import Arm, run_sweep

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--methods", nargs=2, default=("kd", "pkdot"), help="two (kd pkdot)")
parser.add_argument("--seeds", type=int, default=3, help="how many; 10 or more to rely on (3)")
parser.add_argument("--epochs", type=int, default=40, help="at most so many a stage (40)")
parser.add_argument("--out", help="folder of finished cells (a temporary one)")
given = parser.parse_args()

config = pkdot.ExperimentConfig(method="none", training={"epochs": given.epochs})
arms = [Arm(name, name, {"method": name}) for name in given.methods]
folder = given.out or tempfile.mkdtemp(prefix="pkdot-")
cells = run_sweep(config, arms, range(given.seeds), folder=folder, progress=False)

percent = 100 * cells.pivot(index="seed", columns="arm", values="accuracy")
first, second = given.methods
test = ttest_rel(percent[second], percent[first])  # the arms of a seed share data and weights
low, high = test.confidence_interval(0.95)
mean = (percent[second] - percent[first]).mean()
told = f"{mean:+.1f} points, {low:+.1f} to {high:+.1f}, over {given.seeds} seeds"
print(f"{second} against {first}, both with default settings, on digits: {told}")
