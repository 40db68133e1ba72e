"""Tab-separated tables for TensorBoard's Embedding Projector.

TensorBoard opens the folder (``tensorboard --logdir FOLDER``) by its ``projector_config.pbtxt``;
the page projector.tensorflow.org takes one of the tensors and the metadata by hand.

Source: ``projector_config.proto`` and ``projector_plugin.py`` of TensorBoard.
"""

import io

import numpy as np
import pandas as pd

from ...errors import InputError
from .samples import ExportedSamples

METADATA = "metadata.tsv"
CONFIG = "projector_config.pbtxt"


def projector_texts(samples: ExportedSamples) -> dict[str, str]:
    """The embeddings of both networks, what is known of each sample, and how they belong together.

    Args:
        samples: N of them.

    Returns:
        File name -> text: ``teacher_tensors.tsv`` and ``student_tensors.tsv``, N lines of numbers;
        :data:`METADATA`, a line of names and N lines, empty where unknown; :data:`CONFIG`.

    Raises:
        InputError: for embeddings of one dimension, which the Projector refuses.
    """
    texts, parts = {}, []
    for network, z in samples.embeddings.items():
        if z.shape[1] < 2:
            raise InputError(
                f"The Projector shows embeddings of two dimensions or more, and the {network}'s "
                f"have one; export them for Embedding Atlas."
            )
        name = f"{network}_tensors.tsv"
        texts[name] = _numbers(z)
        parts.append(
            f'embeddings {{\n  tensor_name: "{network}"\n  tensor_path: "{name}"\n'
            f'  metadata_path: "{METADATA}"\n}}\n'
        )
    texts[METADATA] = _lines(samples.columns)
    texts[CONFIG] = "".join(parts)
    return texts


def _numbers(z: "np.ndarray") -> str:
    """A matrix as lines; nine digits give a float32 back exactly."""
    stream = io.StringIO()
    np.savetxt(stream, z, fmt="%.9g", delimiter="\t")
    return stream.getvalue()


def _lines(columns: "pd.DataFrame") -> str:
    """A table as lines; its texts hold no tabs and no ends of lines, see ``printable``."""
    lines = ["\t".join(map(str, columns.columns))]
    for row in columns.itertuples(index=False, name=None):
        lines.append("\t".join(_cell(value) for value in row))
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
