"""Exercises of ``09_factors``."""

from ..exercises import Exercise, Wrong

EXERCISES = (
    Exercise(
        "mean_gain",
        2.5,
        (
            Wrong(10.0, "That is the sum over four seeds."),
            Wrong(18.0, "That is the largest score less the smallest. Stay within a seed."),
            Wrong(3.0, "That is the best seed. The mean of all four is asked for."),
        ),
        "Subtract within each column, then take the mean.",
        "As the differences vary little, four seeds suffice to see it.",
    ),
    Exercise(
        "gap_closed",
        lambda alone, student, teacher: (student - alone) / (teacher - alone),
        (
            Wrong(
                lambda alone, student, teacher: student / teacher,
                "A student alone has a share of the teacher's score as well. Start from there.",
            ),
            Wrong(
                lambda alone, student, teacher: (student - alone) / teacher,
                "The way begins at the student alone, not at zero.",
            ),
            Wrong(
                lambda alone, student, teacher: (teacher - student) / (teacher - alone),
                "That is the part of the way which is left.",
            ),
        ),
        "How far did the student come, and how long is the whole way?",
        probes=((45.0, 54.0, 87.0), (0.5, 0.4, 0.9)),
    ),
    Exercise(
        "control",
        0.25,
        (
            Wrong(0.75, "That is the share which is left without it."),
            Wrong(1.0, "That is the difference in points. As a share of what?"),
            Wrong(4 / 3, "A share of the gain cannot be more than all of it here."),
        ),
        "What falls away with the modality, as a share of the whole gain?",
        "Three quarters of this gain need no privileged modality at all.",
    ),
    Exercise(
        "best_of_six",
        "above 0",
        (
            Wrong(
                "0", "That is what each of them has on average. The largest is picked afterwards."
            ),
            Wrong("below 0", "The largest of six cannot lie below their mean."),
        ),
        "Throw six dice. What is the largest on average, against 3.5?",
        "Picking the best makes a gain out of nothing.",
    ),
)
