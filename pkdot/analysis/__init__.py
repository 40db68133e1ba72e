"""Measures and tables: arrays in, arrays out. No file is read, and torch is never needed.

statistics, arm_table, subgroups      intervals and tests; tables of arms; groups of subjects
across                                results on several data sets: their mean, ranks of methods
predictions                           the answers of teacher and student
matrix_correlation, agreement         how alike two similarity matrices, or two embeddings, are
neighbours, projection                what lies near what; maps in the plane
anchor_coverage, anchor_weight        what anchors describe; which of them tell samples apart
matrix_order                          orders of a matrix's rows
reconstruction                        how well features were hallucinated

Measures of a transport plan are in :mod:`pkdot.method.plan_measures`.
"""
