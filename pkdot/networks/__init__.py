"""Networks: encoders, fusion, T-Nets, and the teacher and student that they make up. No losses."""

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
