"""Write a record from a loop of your own, and open it again as notebooks and page do.
Run: python examples/write_and_open_a_record.py [--out FOLDER]; then look: pkdot app FOLDER."""

import argparse
import tempfile
from pathlib import Path

import torch

import pkdot

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, help="folder of the records (a temporary one)")
folder = parser.parse_args().out or Path(tempfile.mkdtemp(prefix="pkdot-"))

torch.manual_seed(0)
labels = torch.arange(60) % 3
z_teacher = torch.randn(3, 8)[labels] + 0.5 * torch.randn(60, 8)
z_student = torch.randn(60, 8, requires_grad=True)  # free points stand in for a network
loss = pkdot.PKDOTLoss(policy="all", blur=0.2)
optimiser = torch.optim.Adam([z_student], lr=0.05)

people = [f"person-{i % 6}" for i in range(60)]
probe = pkdot.Probe([f"clip-{i}" for i in range(60)], people, labels)
facts = {"corpus": "points", "method": "pkdot", "class_names": ["a", "b", "c"], "simulated": True}
with pkdot.Recorder("free points", runs_dir=folder, probe=probe, **facts) as recorder:
    for epoch in range(21):
        value = loss(z_teacher, z_student)
        recorder.log_metrics("student", epoch, "train", {"distillation": value.item()})
        if epoch % 10 == 0:
            recorder.log_embeddings(epoch, teacher=z_teacher, student=z_student.detach())
        optimiser.zero_grad()
        value.backward()
        optimiser.step()

record = pkdot.open_record(recorder.path)
fell = record.metrics["value"].iloc[[0, -1]].tolist()
print(f"{record.status}: the loss fell from {fell[0]:.3f} to {fell[1]:.3f}, in {record.path}")
