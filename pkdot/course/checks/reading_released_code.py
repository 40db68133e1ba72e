"""Exercises of ``11_reading_released_code``."""

import torch

from ...method.similarity import cosine_similarity_matrix
from ..exercises import Exercise, Wrong

_Z = torch.tensor([[3.0, 4.0], [0.0, 0.0], [1.0, 0.0], [-2.0, 1.0]], dtype=torch.float64)


def _divided(z: torch.Tensor) -> torch.Tensor:
    unit = z / z.norm(dim=1, keepdim=True)
    return unit @ unit.T


def _lengthened(z: torch.Tensor) -> torch.Tensor:
    unit = z / (z.norm(dim=1, keepdim=True) + 1)
    return unit @ unit.T


EXERCISES = (
    Exercise(
        "own_anchors",
        {1, 4},
        (
            Wrong({2, 3}, "Those are the most similar ones, sample 2 itself among them."),
            Wrong({0, 3}, "The places are right, but counted from 0."),
            Wrong({3, 4}, "That is row 1. Look at row 2."),
        ),
        "Anchors are the least similar samples: the two smallest numbers of the row.",
        "Sample 2 is described by what it is unlike.",
    ),
    Exercise(
        "shifted_pair",
        {1, 4},
        (
            Wrong({2, 4}, "That entry is negative too, but not the smallest."),
            Wrong({1, 3}, "An entry of 0 is not the smallest: some are negative."),
            Wrong({0, 3}, "The places are right, but counted from 0."),
        ),
        "Find the smallest number of the student's matrix. Its row and its column are the pair.",
        "They lie 150° apart, the least similar pair.",
    ),
    Exercise(
        "one_key",
        1.0,
        (
            Wrong(2.5, "That is the score. The softmax turns scores into shares."),
            Wrong(0.0, "Shares sum to 1."),
            Wrong(0.924, "That is a sigmoid. A softmax divides by the sum over the keys."),
        ),
        "Write the formula down with a sum over one term.",
        "Numerator and denominator are the same number, whatever the query.",
    ),
    Exercise(
        "safe_cosine",
        cosine_similarity_matrix,
        (
            Wrong(_divided, "The row of zeros is still 0/0."),
            Wrong(_lengthened, "Now no sample is quite like itself: lengths were changed as well."),
            Wrong(lambda z: z @ z.T, "Those are scalar products; nothing divides by the lengths."),
        ),
        "Divide every row by its length, but a row of zeros by something that is not 0.",
        probes=((_Z,),),
    ),
    Exercise(
        "fold_of_people",
        "GroupKFold",
        (
            Wrong("StratifiedKFold", "It balances the classes, and knows nothing of people."),
            Wrong("KFold", "It cuts the list of clips into pieces, and knows nothing of people."),
        ),
        "One of the three names says what it keeps together.",
        "Its argument groups takes the name of each clip's person.",
    ),
)
