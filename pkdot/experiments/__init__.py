"""Experiments: from a config to a record, one at a time or as a grid.

config, presets, experiment     what is run, and running it
recording                       progress bars and entries of the record
baselines, cells, sweep         plain classifiers; one run of a grid; grids
teacher_cache                   teachers that many students share
split_leakage, example          how much clip-level folds leak; the record in reports/example
"""
