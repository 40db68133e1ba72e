"""Networks: encoders, fusion, T-Net, and the teacher and student that they make up. No losses."""

from .backbones import BackboneSettings
from .models import NetworkOutput, NetworkSettings, Student, Teacher, build_student, build_teacher
from .tnet import AnyTNet, TNet, TokenTNet, build_tnet

__all__ = [
    "AnyTNet",
    "BackboneSettings",
    "NetworkOutput",
    "NetworkSettings",
    "Student",
    "TNet",
    "Teacher",
    "TokenTNet",
    "build_student",
    "build_teacher",
    "build_tnet",
]
