"""Exercises of ``05_the_loss``."""

from ..exercises import Exercise, Wrong

EXERCISES = (
    Exercise(
        "anchors",
        {1, 4},
        (
            Wrong({2, 3}, "Those are the most similar to the others."),
            Wrong({0, 3}, "The places are right, but counted from 0."),
            Wrong({3, 4}, "Is the mean of row 3 smaller than that of row 1?"),
        ),
        "Work out the mean of each row of the teacher's matrix without its diagonal.",
        "Their means are −0.17 and −0.5.",
    ),
    Exercise(
        "teacher_row",
        [-0.5, 0.5],
        (
            Wrong([0.5, -0.5], "The numbers are right, their order is not: which anchor is first?"),
            Wrong([0.0, 0.0], "That is the student's row."),
            Wrong(
                [0.5, 1.0], "Those are columns 1 and 2 of the matrix. Which columns are anchors?"
            ),
        ),
        "Read row 2 of the teacher's matrix at column 4, then at column 1.",
    ),
    Exercise(
        "exact_cost",
        0.0625,
        (
            Wrong(0.25, "That is the cost of moving one sample. How much mass does it have?"),
            Wrong(0.03125, "The half of the cost is in (x − y)² already."),
            Wrong(0.125, "The distance is to be squared."),
        ),
        "Three samples need not move. How far does the fourth go, and with which mass?",
        "Only sample 2 moves, by one half.",
    ),
    Exercise(
        "debiased",
        0.12,
        (
            Wrong(-0.06, "Only a part of each self-term is taken off: look at the factors."),
            Wrong(0.2, "One self-term is missing."),
            Wrong(0.48, "The self-terms are taken off, not added."),
        ),
        "Put the three numbers into the formula above.",
    ),
    Exercise(
        "same_centre",
        0.0,
        (
            Wrong(0.5, "That is the cost of moving each sample. What is left when ε is large?"),
            Wrong(1.0, "That is the squared distance of single samples. Look at the two means."),
        ),
        "Work out both means.",
        "Two clouds with one centre look alike to a loss that is blurred enough.",
    ),
)
