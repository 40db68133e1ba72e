"""Measures and tables: arrays in, arrays out. No file is read, and torch is never needed.

statistics, arm_table, subgroups      intervals and tests; tables of arms; groups of subjects
predictions                           what teacher and student answered
agreement, neighbours, plans          how alike two structures are; where a plan's mass goes
anchor_coverage, matrix_order         what anchors describe; orders of a matrix's rows
projection                            maps in the plane
"""
