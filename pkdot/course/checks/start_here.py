"""Exercises of ``00_start_here``."""

from ..exercises import Exercise, Wrong

EXERCISES = (
    Exercise(
        "privileged",
        {"heart belt", "eye tracker"},
        (
            Wrong(
                {"heart belt", "eye tracker", "microphone"},
                "The product has a microphone too: what is there later is prevalent.",
            ),
            Wrong({"camera", "microphone"}, "Those are there later. Privileged is what is not."),
            Wrong({"heart belt"}, "There was one more thing that the product will not have."),
        ),
        "Privileged is what was there in the study and will not be there later.",
        "Camera and microphone are both prevalent; there may be several of each kind.",
    ),
    Exercise(
        "wrong_pair",
        {1, 3},
        (
            Wrong({1, 2}, "There the two differ by 0.1 only. Compare cell by cell."),
            Wrong({2, 3}, "Both find these two rather unlike. Another cell differs by more."),
            Wrong({3}, "A pair has two members."),
            Wrong({0, 2}, "The places are right, but counted from 0."),
        ),
        "Subtract the two matrices in your head; look for the largest difference.",
        "The teacher says 0.1, the student 0.9.",
    ),
    Exercise(
        "different_pairs",
        6,
        (
            Wrong(16, "That counts each pair twice, and each image with itself."),
            Wrong(12, "The pairs (1, 2) and (2, 1) are the same."),
            Wrong(10, "Each image with itself is no pair; it is always 1."),
        ),
        "List them: 1 with 2, 1 with 3, …",
    ),
)
