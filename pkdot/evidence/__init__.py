"""Evidence: does distillation help here, how much, and why; measured fairly, step by step.

regimes, contenders, studies   on what, who competes, which factors of PKDOT vary
campaign, steps                a run of the evidence; its steps, each resumable cell by cell
tuning                         one setting for each contender, chosen on seeds of their own
comparison                     the chosen settings on other seeds: gains, tests, ceilings, rivals
ablation, pairing              what moves PKDOT's gain; what its plan does with the pairing
results                        what is finished of a regime, as reports take it
report*, markdown, exports     what the results support, as pages of Markdown; tables as files
arguments                      the command's arguments, read as a campaign and steps
"""
