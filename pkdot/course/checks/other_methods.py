"""Exercises of ``08_other_methods``."""

from ..exercises import Exercise, Wrong

EXERCISES = (
    Exercise(
        "one_to_one",
        4 / 3,
        (
            Wrong(0.0, "That is what transport says. Matched one to one, 2 goes with 2."),
            Wrong(8 / 3, "The half in front of the square is missing."),
            Wrong(4.0, "That is the sum. The loss is the mean over three samples."),
        ),
        "Three samples, three differences: 0, −2 and 2.",
        "A perfect student is blamed for a clerk's mistake.",
    ),
    Exercise(
        "price",
        2.0,
        (
            Wrong(4 / 3, "That is what staying costs. The price is paid on the mass that leaves."),
            Wrong(
                2 / 3, "That is the mass that leaves. Which price on it equals what staying costs?"
            ),
            Wrong(8 / 9, "Staying costs 4/3; set it equal to the mass times η, do not multiply."),
        ),
        "Staying costs the answer of exercise 1. Leaving costs ⅔ η. Set them equal.",
        "Below it the swap is found, above it everybody stays.",
    ),
    Exercise(
        "without_pairs",
        {"transport"},
        (
            Wrong(
                {"transport", "similarity matrix"},
                "Entry (i, j) of both matrices is compared: that needs samples i and j in both.",
            ),
            Wrong(
                {"transport", "rows one to one"},
                "One to one: row i with row i. Which row of the other device is that?",
            ),
            Wrong(
                {"transport", "soft labels"},
                "A soft label is the teacher's answer for a sample that the student sees too.",
            ),
        ),
        "For each method ask: what does it compare with what, and is the other one there?",
        "The 50 pairs serve as anchors; the clouds of rows need no partners.",
    ),
)
