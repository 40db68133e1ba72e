"""Two sets of embeddings compared without any training, as a record that every page opens.

comparison     compare_embeddings: from what is given to the record
heads          shape and size of a file, before anything of it is unpacked
files, tables  embeddings, targets and names in npy, npz, csv and parquet
names          which column names the rows
rows           matrices checked, and joined by the names of their rows
whole_set      what is measured over all samples, in one pass
targets        which task targets make, where nobody says; the probe drawn over them
"""

from .comparison import SOURCE, compare_embeddings
from .names import names_of_files

__all__ = ["SOURCE", "compare_embeddings", "names_of_files"]
