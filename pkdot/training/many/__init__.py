"""Many trainings of one shape as one: folds, seeds and weights side by side.

loop           the loop: :func:`pkdot.training.loop.fit` for all members at once
lesson         what the members of one stage are given, and what they learn by
students       the student's stage, and which students can be members of one batch
teachers       teachers and T-Nets
networks       their networks as one, every weight with an axis of members
  draws          noise and dropout, from each member's own generator
  optimizer      AdamW at each member's own learning rate
distillation   losses of one method on the batches of all members
tasks          task losses of all members
rows           samples, targets and teachers' outputs of all members

A member's numbers are those that it gets alone, but for rounding: data order, first weights, noise,
dropout, early stopping and best epoch are its own.
"""
