"""Exercises of ``04_transport``."""

import math

import torch

from ..exercises import Exercise, Wrong

_PLAN = torch.tensor([[0.2, 0.1, 0.1], [0.05, 0.3, 0.15], [0.1, 0.2, 0.3]], dtype=torch.float64)
_OTHER = torch.tensor([[0.4, 0.1], [0.3, 0.6]], dtype=torch.float64)
_THIRD = 1 / 3

EXERCISES = (
    Exercise(
        "cost_entry",
        0.2,
        (
            Wrong(0.4, "That is the squared distance. The cost has a factor in front of it."),
            Wrong(math.sqrt(0.4), "That is the distance itself. The cost is not its square root."),
            Wrong(0.02, "That is the cost to student sample 2, at (0.4, 0.6). Look at sample 1."),
        ),
        "Take the two differences, square each, add, and mind the factor in front of the norm.",
        "Teacher sample 3 lies far from student sample 1.",
    ),
    Exercise(
        "even_epsilon",
        (2.62 / 9 - 0.02) / math.log(3),
        (
            Wrong(2.62 / 9 - 0.02, "That is the difference in cost. What is it paid against?"),
            Wrong(2.62 / 9 / math.log(3), "The cheapest plan has a cost of its own as well."),
            Wrong(
                0.02 / math.log(3), "Set both entries of the last column equal, and solve for ε."
            ),
        ),
        "Set both entries of the last column equal, and solve for ε.",
        "Below it the sharp plan is better, above it the even one. The best plan lies between.",
        tolerance=2.8e-3,  # two decimals, and still apart from the typical mistakes
    ),
    Exercise(
        "row_step",
        lambda plan: plan / plan.sum(1, keepdim=True) / len(plan),
        (
            Wrong(
                lambda plan: plan / plan.sum(1, keepdim=True),
                "Your rows sum to 1. How much mass does one of n samples have?",
            ),
            Wrong(
                lambda plan: plan / plan.sum(0, keepdim=True) / len(plan),
                "Your columns have the right sum. Which axis does a sum over a row run along?",
            ),
            Wrong(
                lambda plan: plan / plan.sum(1) / len(plan),
                "Without keepdim the sums are laid along the columns; each row needs its own.",
            ),
        ),
        "Divide each row by its own sum, then give it the mass of one sample.",
        probes=((_PLAN,), (_OTHER,)),
    ),
    Exercise(
        "large_epsilon",
        1 / 9,
        (
            Wrong(1 / 3, "That is the mass of a whole row. It is shared among three cells."),
            Wrong(0.0, "The mass has to go somewhere: each row still sums to 1/3."),
            Wrong(1.0, "All cells together hold a mass of 1."),
        ),
        "With a large ε only KL counts. For which plan is KL zero?",
        "This is a bᵀ: who is near to whom no longer matters.",
    ),
    Exercise(
        "swapped_plan",
        [[_THIRD, 0, 0], [0, _THIRD, 0], [0, 0, _THIRD]],
        (
            Wrong(
                [[_THIRD, 0, 0], [0, 0, _THIRD], [0, _THIRD, 0]],
                "That was the plan before. The rows have moved; does the mass not move with them?",
            ),
            Wrong(
                [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
                "The places are right. How much mass does each of three samples have?",
            ),
            Wrong(
                [[1 / 9] * 3] * 3,
                "That is the plan of a very large ε. The cheapest plan has no entropy.",
            ),
        ),
        "Draw the picture again with the two squares renamed. Who is nearest to whom?",
        "The plan follows the rows, not the names; its cost is still 0.02.",
    ),
)
