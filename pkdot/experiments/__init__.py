"""Experiments: from a config to a record, one at a time or as a grid.

config, presets, experiment     what is run, and running it
stages                          encoders, teacher, T-Nets and student of one run
own_networks, notes             modules of the user's; sentences that a run says at its beginning
recording, results              entries of the record
checkpoints, resumption         going on with a run that was interrupted
ranks                           one run by several processes
student/                        a trained student in use: loaded, its card, predict, export
baselines, cells, sweep         plain classifiers; one run of a grid; grids
grid_file, grid, grid_tables    the grid of a file: read, run, its table
sweep_tables                    what a sweep came to, a score for each arm on each unit
grid_engine, dask_engine        who computes its cells; calls to a Dask cluster
cell_records, notebook_cells    a whole record beside a cell; a notebook as a cell
notebook_grid                   a notebook at many parameters
agnostic/                       one cross: modality × fusion × student encoder × task
lab/                            two students that learn while somebody looks, batch by batch
teacher_cache                   teachers that many students share
split_leakage, example          how much clip-level folds leak; the records of reports/example*
"""
