"""Training: encoders, teacher, T-Nets, student, each a generator of epoch reports.

context            what every stage is given; settings: how it learns
loop               the training loop of every stage
  learning           what changes in it: optimiser, schedule, best epoch
  checkpoints        how it goes on after an interruption; state_tree: states as tensors and text
encoders           the stage before the teacher: backbones, then features of every sample
  unimodal           one modality alone, trained and scored
  encoding           features by a frozen backbone
  checkpoint_cache   trained backbones on disk
stages             teacher, T-Nets
  own                a teacher that the user brings
student            the student
outputs            outputs of trained networks for samples of a corpus
  batch_rows         which rows of a batch the distillation loss compares
controls           what the student reads when one thing about the teacher is taken away
reconstruction     how well T-Nets hallucinate

Nothing here draws or keeps a record; only trained backbones are kept, in a cache.
"""
