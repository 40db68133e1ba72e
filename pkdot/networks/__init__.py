"""Networks: encoders, fusion, T-Nets, and the teacher and student that they make up. No losses.

backbones    raw clips and signals -> tokens and a pooled vector, one network a kind:
  video        R3D-18, and a small (2+1)D network; weights: public ones
  signal       on spectrograms or samples
  residual     the residual block of both
tokens       what a backbone gives
encoders     vectors or tokens -> features of one width, on top of frozen backbones
temporal     an encoder's part over the frames of a window: convolutions or a recurrence
fusion       features of several modalities -> one vector; attention: those that attend;
             frame_fusion: those that attend over the frames of a window
tnet         prevalent feature -> hallucinated privileged features
models       teacher and student; named_modules: their parts, by the names of modalities
settings     sizes that both share
ranks        batch norms and tensors over several processes
"""

from .backbones import BackboneSettings
from .models import NetworkOutput, Student, Teacher, build_student, build_teacher
from .settings import NetworkSettings
from .tnet import AnyTNet, TNet, TNets, TokenTNet, build_tnet, build_tnets

__all__ = [
    "AnyTNet",
    "BackboneSettings",
    "NetworkOutput",
    "NetworkSettings",
    "Student",
    "TNet",
    "TNets",
    "Teacher",
    "TokenTNet",
    "build_student",
    "build_teacher",
    "build_tnet",
    "build_tnets",
]
