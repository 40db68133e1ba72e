"""The run record: one folder a run, written while it trains, read by notebooks and page.

Reading needs no torch, and nothing in a record is ever unpickled.

    schema, manifest, storage     where things lie in the folder, and in which form
    target_columns                targets in tables
    recorder, probe_log, folder   writing: metrics, embeddings, predictions, checkpoints
    resume_files                  what an unfinished run needs to go on
    validation, environment       what a writer gives, checked; versions and hardware
    reader, listing, location     reading one record, all of a folder, and where that folder is
    compare, maps, trajectories   several records side by side; what is computed from one
    control, second_teacher       the same student alone; the same teacher of another seed
"""

from .listing import RecordSummary, find_record, list_records
from .location import runs_directory
from .reader import RunRecord, open_record
from .recorder import Recorder
from .storage import Batch, Embeddings, Features
from .target_columns import targets_of
from .validation import Probe

__all__ = [
    "Batch",
    "Embeddings",
    "Features",
    "Probe",
    "RecordSummary",
    "Recorder",
    "RunRecord",
    "find_record",
    "list_records",
    "open_record",
    "runs_directory",
    "targets_of",
]
