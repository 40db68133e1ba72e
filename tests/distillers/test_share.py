"""λ as a share of the task's pull: its formula, its bounds, its state."""

import pytest
import torch

from pkdot.distillers import build_distiller
from pkdot.distillers.share import Balance, MovingAverage
from pkdot.errors import InputError
from pkdot.experiments.config import ExperimentConfig
from pkdot.networks.models import NetworkOutput
from pkdot.tasks import Classification, Regression
from pkdot.training.state_tree import packed_tree, unpacked_tree
from tests.support.network_outputs import pair, ready


def noted(*pulls: tuple[float, float], share: float = 2.0, cap: float = 10.0) -> Balance:
    """A balance that has seen pulls of task and method."""
    balance = Balance(share, cap)
    for task, method in pulls:
        balance.note(task, method)
    return balance


def test_the_average_of_a_constant_is_that_constant() -> None:
    average = MovingAverage()
    for _ in range(7):
        average.add(0.3)
        assert average.value == pytest.approx(0.3, rel=1e-12)


def test_the_weighted_method_pulls_as_a_share_of_the_task() -> None:
    assert noted((0.6, 0.02)).weight == pytest.approx(2.0 * 0.6 / 0.02)
    scaled = noted((0.6, 0.02), (0.5, 0.01))
    assert scaled.weight == pytest.approx(10 * noted((0.6, 0.2), (0.5, 0.1)).weight)


def test_a_task_that_is_solved_does_not_take_the_weight_with_it() -> None:
    early = noted((0.6, 0.1)).weight
    assert noted((0.6, 0.1), *[(1e-6, 0.1)] * 500).weight == pytest.approx(early)


def test_a_teacher_that_is_reached_raises_the_weight_to_the_cap() -> None:
    reached = [(0.6, 0.1), *[(0.6, 1e-9)] * 500]
    early = noted(reached[0]).weight
    for cap in (1.0, 4.0):
        assert noted(*reached, cap=cap).weight == pytest.approx(cap * early)
    halved = [(0.6, 0.1), *[(0.6, 0.05)] * 500]
    assert noted(*halved).weight == pytest.approx(2 * early)


def test_pulls_that_are_no_number_are_left_out_and_zero_is_no_division() -> None:
    before = noted((0.6, 0.1)).weight
    assert noted((0.6, 0.1), (float("inf"), 0.1), (0.6, float("nan"))).weight == before
    assert noted((0.6, 0.0)).weight == 0.0


def test_the_state_of_each_part_goes_through_a_checkpoint() -> None:
    options = {"kd": {"share": 1.0}, "sp": {"share": 0.1}, "rkd": {}}
    teacher, student, labels = pair()
    sums = [build_distiller("kd+sp+rkd", options) for _ in range(2)]
    for distiller in sums:
        distiller.prepare(teacher, student)
    for part in sums[0].methods[:2]:
        for pull in (0.3, 0.2):
            part.balance.note(0.5, pull)
    sums[1].set_state(unpacked_tree(*packed_tree(sums[0].get_state())))
    for distiller in sums:
        distiller(teacher, student, labels)
    assert sums[1].applied_weights() == sums[0].applied_weights()
    assert sums[0].applied_weights()["rkd"] == sums[0].methods[2].settings.weight
    sums[0].prepare(teacher, student)
    assert not sums[0].methods[0].balance.noted, "a new training begins anew"


def test_warm_up_multiplies_the_share() -> None:
    method = ready("kd", share=1.0, warm_up=4)
    teacher, student, labels = pair()
    seen = []
    for _ in range(5):
        method.balance.note(0.4, 0.2)
        method(teacher, student, labels)
        seen.append(method.applied_weights()["kd"])
    assert seen == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])


def test_a_loop_that_notes_no_pull_is_told_so() -> None:
    with pytest.raises(InputError, match=r"has not seen the task loss.*balance.note.*weight"):
        ready("kd", share=1.0)(*pair())


def test_terms_are_the_unweighted_losses_of_the_parts() -> None:
    both = build_distiller("kd+matrix", {"kd": {"weight": 3.0}, "matrix": {"weight": 0.5}})
    teacher, student, labels = pair()
    (kd, soft), (matrix, structure) = both.terms(teacher, student, labels)
    assert (kd.name, matrix.name) == ("kd", "matrix")
    expected = 3.0 * soft + 0.5 * structure
    torch.testing.assert_close(both(teacher, student, labels), expected)


def test_a_config_without_a_share_is_what_it_was() -> None:
    config = ExperimentConfig(method="kd+pkdot")
    on_record = config.on_record()["options"]
    assert not {"share", "share_cap"} & {n for own in on_record.values() for n in own}
    changed = config.changed({"options.kd.share": 1})
    assert changed.options["kd"]["share"] == 1.0
    assert changed.hash != config.hash
    assert changed.changed({"options.kd.share": None}).hash == config.hash


@pytest.mark.parametrize(
    ("options", "share"),
    [({}, 1.0), ({"weight": 3.0}, None), ({"share": 0.5}, 0.5)],
)
def test_pkdot_has_a_share_where_targets_are_values_and_no_weight_is_set(
    options: dict[str, float], share: float | None
) -> None:
    own = ExperimentConfig(method="pkdot", options={"pkdot": options}).options
    for task, expected in (
        (Regression(targets=("pain",)), share),
        (Classification(classes=("a", "b")), options.get("share")),
    ):
        distiller = build_distiller("pkdot", own)
        distiller.set_task(task)
        given = NetworkOutput(torch.zeros(4, 2), torch.zeros(4, 3), {})
        distiller.prepare(given, given)
        assert distiller.settings.share == expected
        assert (distiller.balance is None) == (expected is None)


def test_a_loop_that_notes_no_pulls_has_a_usual_share_weighed_as_for_classes() -> None:
    distiller = build_distiller("pkdot")
    distiller.set_task(Regression(targets=("pain",)))
    given = NetworkOutput(torch.zeros(4, 1), torch.randn(4, 3), {})
    distiller.prepare(given, given)
    distiller(given, given, torch.zeros(4, 1))
    assert distiller.applied_weights() == {"pkdot": 1.2}
    assert distiller.balance is not None
    distiller.balance.note(2.0, 1.0)
    assert distiller.next_weight(torch.zeros(4, 1)) == pytest.approx(2.0)
