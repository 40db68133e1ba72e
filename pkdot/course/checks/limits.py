"""Exercises of ``10_limits``."""

from ..exercises import Exercise, Wrong

EXERCISES = (
    Exercise(
        "forced_mass",
        0.5,
        (
            Wrong(0.75, "That is all that class A has. A part of it finds a place in A."),
            Wrong(0.25, "That is what fits into the student's class A."),
            Wrong(2.0, "That counts samples. Each has a mass of ¼."),
        ),
        "Class A gives ¾ at the teacher and takes ¼ at the student.",
        "There is no other place for it.",
    ),
    Exercise(
        "forced_loss",
        1.0,
        (
            Wrong(2.0, "That is the cost per mass. Not all of the mass moves that far."),
            Wrong(0.0, "The student is perfect, but exercise 1 says that mass is forced to move."),
            Wrong(4.0, "Squared distances are halved, and not all of the mass moves."),
        ),
        "The mass of exercise 1, times what it costs to go from A to B.",
        "A loss of 1 for a student without fault.",
    ),
    Exercise(
        "offset",
        0.96,
        (
            Wrong(0.0, "The angle between them, seen from the origin, is another one now."),
            Wrong(24.0, "That is the scalar product. Divide by both lengths."),
            Wrong(4.8, "Both vectors have a length of 5; divide by both."),
        ),
        "The samples are at (4, 3) and (3, 4).",
        "From a right angle to nearly the same direction, though nothing about them changed.",
    ),
    Exercise(
        "extensions",
        "unbalanced",
        (
            Wrong("identity", "That is a price on leaving one's own; here nobody has one."),
            Wrong("several teachers", "More teachers would have the same mostly healthy patients."),
            Wrong("share", "That sets how loud the loss is, not where mass goes."),
        ),
        "What differs between both clouds: partners, teachers, loudness, or shares?",
        "Ill recordings may then go without a partner.",
    ),
)
