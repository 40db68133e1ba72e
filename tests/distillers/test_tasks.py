"""Every method with every task: it works, or says which methods would."""

import pytest
import torch

from pkdot.distillers import available_distillers, build_distiller, methods_for
from pkdot.errors import ConfigError
from pkdot.networks import NetworkOutput
from pkdot.tasks import KINDS
from pkdot.training.context import target_tensor
from tests.support.network_outputs import has_setting
from tests.tasks.examples import Problem, problem

METHODS = tuple(available_distillers())
NEED_CLASSES = {"dist", "dkd", "pkdot_class", "pkdot_dist", "self_labels"}


def output(p: Problem, seed: int, width: int) -> NetworkOutput:
    draw = torch.Generator().manual_seed(seed)

    def some(size: int) -> torch.Tensor:
        return torch.randn(len(p.targets), size, generator=draw, dtype=torch.float64)

    return NetworkOutput(
        some(p.task.output_width), some(width), {"face": some(3), "pulse": some(3)}
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("name", METHODS)
def test_a_method_works_or_names_those_that_would(name: str, kind: str) -> None:
    p = problem(kind)
    method = build_distiller(name, {name: {"k": 5}} if has_setting(name, "k") else {})
    if name not in methods_for(p.task):
        with pytest.raises(ConfigError, match=f"{name!r} needs classes.*{kind}.*would do: .*pkdot"):
            method.set_task(p.task)
        return
    method.set_task(p.task)
    teacher, student = output(p, 0, 7), output(p, 1, 5)
    student = student.map(lambda x: x.clone().requires_grad_())
    torch.manual_seed(0)
    method.prepare(teacher, student)
    targets = target_tensor(p.targets)
    loss = method.double()(teacher, student, targets)
    assert loss.isfinite()
    assert loss.shape == ()
    if name == "none":
        return
    loss.backward()
    leaves = (student.outputs, student.embedding, *student.features.values())
    gradients = [x.grad for x in leaves if x.grad is not None]
    assert gradients
    assert all(g.isfinite().all() for g in gradients)


def test_only_what_compares_classes_needs_them() -> None:
    needy = {kind: set(METHODS) - set(methods_for(problem(kind).task)) for kind in KINDS}
    assert needy == {
        "classification": set(),
        "ordinal": set(),
        "regression": NEED_CLASSES,
        "multilabel": NEED_CLASSES,
    }


def test_a_part_of_a_sum_is_checked_too_and_so_is_a_setting() -> None:
    task = problem("regression").task
    with pytest.raises(ConfigError, match="'dkd' needs classes"):
        build_distiller("kd+dkd").set_task(task)
    with pytest.raises(ConfigError, match="'pkdot' needs classes"):
        build_distiller("pkdot", {"pkdot": {"confidence": 1.0}}).set_task(task)
    build_distiller("pkdot", {"pkdot": {"outputs": 1.0}}).set_task(task)


def test_soft_labels_of_values_are_their_squared_distance() -> None:
    p = problem("regression")
    teacher, student = output(p, 0, 7), output(p, 1, 5)
    method = build_distiller("kd", {"kd": {"weight": 1.0}})
    method.set_task(p.task)
    found = method(teacher, student, target_tensor(p.targets))
    expected = (teacher.outputs - student.outputs).square().mean()
    assert float(found) == pytest.approx(float(expected))
