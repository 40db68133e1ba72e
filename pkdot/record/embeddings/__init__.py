"""Two sets of embeddings compared without any training, as a record that every page opens.

comparison    compare_embeddings: from what is given to the record
files         embeddings, targets and names in npy, npz, csv and parquet
rows          matrices checked, and joined by the names of their rows
targets       which task targets make, where nobody says; the probe drawn over them
"""

from .comparison import SOURCE, compare_embeddings

__all__ = ["SOURCE", "compare_embeddings"]
