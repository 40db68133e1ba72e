"""Evidence: does distillation help here, how much, and why; measured fairly, step by step.

``regimes`` says on what, ``contenders`` who competes with which settings to try, ``tuning`` chooses
one setting each on seeds of its own, ``comparison`` measures the chosen ones on other seeds,
``report`` writes down what the tables support. Every step keeps its cells and can be killed.
"""
