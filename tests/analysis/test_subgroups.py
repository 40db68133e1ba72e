"""Results by person: who gains, and means by sex and age."""

import numpy as np
import pandas as pd
import pytest

from pkdot.analysis.statistics import mean_interval
from pkdot.analysis.subgroups import groups_table, people_table
from pkdot.errors import InputError

PEOPLE = {
    "a_w_25": {"sex": "w", "age": 25},
    "b_m_36": {"sex": "m", "age": 36},
    "c_w_50": {"sex": "w", "age": 50},
    "d_m_64": {"sex": "m", "age": 64},
}
SCORES = pd.DataFrame(
    {"alone": [0.5, 0.6, 0.7, 0.8], "pkdot": [0.6, 0.6, 0.9, 0.7]}, index=list(PEOPLE)
)


def test_those_who_gain_most_come_first() -> None:
    table = people_table(SCORES, PEOPLE, "pkdot")
    assert table["subject"].tolist() == ["c_w_50", "a_w_25", "b_m_36", "d_m_64"]
    assert table["difference"].tolist() == pytest.approx([20, 10, 0, -10])
    assert table["reference"].tolist() == pytest.approx([70, 50, 60, 80])
    assert table["sex"].tolist() == ["w", "w", "m", "m"]


def test_groups_are_means_over_their_subjects() -> None:
    groups = groups_table(people_table(SCORES, PEOPLE, "pkdot")).set_index("group")
    assert groups["n"].to_dict() == {
        "all subjects": 4,
        "women": 2,
        "men": 2,
        "up to 35": 1,
        "36 to 50": 2,
        "51 or older": 1,
    }
    assert groups["difference"].tolist() == pytest.approx([5, 15, -5, 10, 10, -10])
    women = mean_interval([20, 10])
    assert (groups.difference_low["women"], groups.difference_high["women"]) == pytest.approx(
        (women.low, women.high)
    )
    assert np.isnan(groups.difference_low["up to 35"])
    only_women = groups_table(people_table(SCORES.iloc[[0, 2]], PEOPLE, "pkdot"))
    assert "men" not in set(only_women["group"])


def test_arms_and_people_must_be_known() -> None:
    with pytest.raises(InputError, match="no arm 'kd'"):
        people_table(SCORES, PEOPLE, "kd")
    with pytest.raises(InputError, match="'d_m_64' are not known"):
        people_table(SCORES, dict(list(PEOPLE.items())[:3]), "pkdot")
