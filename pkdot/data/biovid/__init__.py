"""BioVid Heat Pain Database: from the database's own files to a corpus.

``index`` lists the windows, ``signals`` and ``video`` read one, ``check`` reports on all of them,
``prepare`` caches what was read, ``protocols`` splits, ``corpus`` puts it together.
"""
