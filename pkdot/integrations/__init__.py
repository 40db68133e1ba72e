"""Callbacks that keep records from other people's training loops.

lightning    RecordEmbeddings, for a Lightning Trainer (extra ``lightning``)

A loop of one's own needs none of them: see :class:`pkdot.Recorder`.
"""
