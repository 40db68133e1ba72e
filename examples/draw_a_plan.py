"""Draw a transport plan between two views of the same digits, as an HTML file for the browser.
Run: python examples/draw_a_plan.py [--blur 0.1] [--out FOLDER]."""

import argparse
import tempfile
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from torch.nn.functional import avg_pool2d

import pkdot
from pkdot import figures

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--blur", type=float, default=0.1, help="square root of ε (0.1)")
parser.add_argument("--out", type=Path, help="folder of the file (a temporary one)")
given = parser.parse_args()

images, labels = load_digits(return_X_y=True)
sharp = torch.as_tensor(images[:128]).float() / 16  # (128, 64): the teacher's side
coarse = avg_pool2d(sharp.view(-1, 8, 8), 2).flatten(1)  # (128, 16): the student's side
similar_t, similar_s = (pkdot.cosine_similarity_matrix(z - z.mean(0)) for z in (sharp, coarse))
anchors = pkdot.select_anchors(similar_t, k=30)
rows_t, rows_s = (pkdot.gather_anchor_rows(s, anchors) for s in (similar_t, similar_s))
cost = torch.cdist(rows_t, rows_s).square() / 2
solved = pkdot.sinkhorn(cost, epsilon=given.blur**2)

folder = given.out or Path(tempfile.mkdtemp(prefix="pkdot-"))
folder.mkdir(parents=True, exist_ok=True)
file = folder / "plan.html"
samples = figures.SampleTable(labels[:128])  # rows and columns are sorted by digit
figures.transport_plan(solved.plan, samples).write_html(file)
stays = solved.plan.diagonal().sum() / solved.plan.sum()
print(f"{stays:.1%} of the mass stays with its own sample (by chance {1 / 128:.1%}): {file}")
