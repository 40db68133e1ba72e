"""Own data: arrays, a table, a folder, or what ``datasets`` saves; one checker for all.

A form gives a :class:`~pkdot.data.own.source.Source`, of which a modality is read when it is asked
for; :mod:`.assemble` makes a corpus of it.

settings, load                    what is asked for; the one door
arrays, npz, table, folder, shards   the forms
columns, parts, csv_form, families   tables, file by file and column by column
decode, number_files, pictures, clips, sounds, prepare   files of samples, and where they are kept
served, views                     samples as networks and people see them
targets, sample_names             targets, names and groups as a task and a split need them
findings, judgement, check        what is wrong, and what training does about it
"""

from .settings import MediaSettings, OwnSettings

__all__ = ["MediaSettings", "OwnSettings"]
