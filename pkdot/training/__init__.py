"""Training: encoders, teacher, T-Nets, student, each a generator of epoch reports.

Nothing here draws or keeps a record; only trained encoders are kept, in a cache.
"""
