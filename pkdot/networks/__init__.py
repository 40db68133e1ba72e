"""Networks: encoders, fusion, T-Net, and the teacher and student that they make up. No losses."""

from .models import NetworkOutput, NetworkSettings, Student, Teacher, build_student, build_teacher
from .tnet import TNet

__all__ = [
    "NetworkOutput",
    "NetworkSettings",
    "Student",
    "TNet",
    "Teacher",
    "build_student",
    "build_teacher",
]
