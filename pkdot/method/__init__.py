"""The method, one step a file, on tensors alone; and what a plan says.

similarity      step 1: cosine similarity of every pair of samples, (B, D) -> (B, B)
anchors         step 2: the samples that describe all others, (B, B) -> (B, k)
transport/      step 3: entropic optimal transport between two clouds of rows
loss            steps 1 to 3 together: the loss of PKDOT
plan_measures   entropy of a plan, and where its mass goes: for NumPy arrays too, without torch
"""
