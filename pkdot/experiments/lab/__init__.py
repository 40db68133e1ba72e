"""A lesson that runs while somebody looks: two students learn, batch by batch.

settings  what a reader may change, and the experiment behind it
teacher   the teacher, trained once; what students of so many labels and wrong pairs read
learner   one student that learns a batch at a time
frame     what there is to see after a batch
engine    both students: make, step, change, restart
"""

from .engine import Lab
from .frame import BatchFrame, LabFrame
from .settings import BATCH_SIZE, LABELS, METHODS, LabSettings, method_title, usual_weights
from .teacher import LabTeacher, train_lab_teacher

__all__ = [
    "BATCH_SIZE",
    "LABELS",
    "METHODS",
    "BatchFrame",
    "Lab",
    "LabFrame",
    "LabSettings",
    "LabTeacher",
    "method_title",
    "train_lab_teacher",
    "usual_weights",
]
