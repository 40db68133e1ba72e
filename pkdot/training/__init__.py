"""Training: encoders, teacher, T-Net, student, each a generator of epoch reports.

Nothing here draws or keeps a record; only trained encoders are kept, in a cache.
"""
