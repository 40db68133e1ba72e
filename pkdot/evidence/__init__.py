"""Evidence: does distillation help here, how much, and why; measured fairly, step by step.

situations, regimes            what is asked of every corpus; the problems that come of it
contenders, variants, grids    who competes, in which forms, with which settings
studies                        which factors of PKDOT vary
campaign, steps                a run of the evidence; its steps, each resumable cell by cell
tuning                         one setting for each contender, chosen on seeds of their own
comparison                     the chosen settings on other seeds: gains, tests, ceilings, rivals
ablation, pairing              what moves PKDOT's gain; what its plan does with the pairing
results                        what is finished of a regime, as reports take it
report*, markdown, exports     what the results support, as pages of Markdown; tables as files
score_tables, decisions        published scores, read again; which method to take in which situation
published                      gains of all that was published or swept, as the page opens them
decision_figures               forests, curves and ranks of them
arguments                      the command's arguments, read as a campaign and steps
"""
