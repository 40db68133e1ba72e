"""The method: four steps, a file each, on tensors alone; and what a plan says.

similarity      how alike are two samples, for every pair of a batch
anchors         which few samples describe all others
transport/      entropic optimal transport between the two clouds of rows
loss            the three together: the loss of PKDOT
plan_measures   entropy of a plan, and where its mass goes: for NumPy arrays too, without torch
"""
