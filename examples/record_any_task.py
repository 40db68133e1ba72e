"""A loop of your own that learns a value, or two labels, and its record: the task scores both.
Run: python examples/record_any_task.py [--labels] [--out FOLDER]; then look: pkdot app FOLDER."""

import argparse
import tempfile

import torch
from sklearn.datasets import load_diabetes

from pkdot import PKDOTLoss, Probe, Recorder, tasks

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--labels", action="store_true", help="learn two labels instead of a value")
parser.add_argument("--out", help="folder of the records (a temporary one)")
given = parser.parse_args()
torch.manual_seed(0)
x, y = (torch.as_tensor(part).float() for part in load_diabetes(return_X_y=True))
targets = torch.stack([y > 140, y > 211], dim=1).float() if given.labels else y[:, None]
task = tasks.Multilabel(labels=("worse", "bad")) if given.labels else tasks.Regression()
task, train, test = task.fitted(targets[:300].numpy()), slice(300), slice(300, None)
embed = {"teacher": torch.nn.Linear(10, 8), "student": torch.nn.Linear(4, 8)}  # no blood values
heads = {who: torch.nn.Linear(8, task.output_width) for who in embed}
parts, loss = torch.nn.ModuleList([*embed.values(), *heads.values()]), PKDOTLoss(k=20)
optimiser = torch.optim.Adam(parts.parameters(), lr=0.02)
probe = Probe([f"patient {i}" for i in range(300, 442)], None, targets[test])
options = {"runs_dir": given.out or tempfile.mkdtemp(prefix="pkdot-"), "task": task}
with Recorder("my loop", probe=probe, **options) as recorder:
    for epoch in range(41):
        z = {who: layer(20 * x[:, : layer.in_features]).relu() for who, layer in embed.items()}
        total = loss(z["teacher"][train].detach(), z["student"][train])
        for who, head in heads.items():
            total = total + task.loss(head(z[who])[train], targets[train])
            scores = task.scores(head(z[who])[test].detach(), targets[test])
            recorder.log_metrics(who, epoch, "test", scores)
        recorder.log_embeddings(epoch, **{who: own[test].detach() for who, own in z.items()})
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
print(f"{task.primary.label} of the student: {scores[task.primary.name]:.3f}, in {recorder.path}")
