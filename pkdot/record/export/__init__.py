"""The embeddings of a record as files that other programs open.

samples    the samples of a probe with all that is known of each, and their maps
atlas      parquet tables for Embedding Atlas
projector  tab-separated tables for TensorBoard's Embedding Projector
files      either of the two as files in memory, or in a folder
"""

from .files import FORMS, export_embeddings, export_files

__all__ = ["FORMS", "export_embeddings", "export_files"]
