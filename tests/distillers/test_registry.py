import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

import pkdot
from pkdot import ExperimentConfig
from pkdot.distillers import available_distillers, build_distiller, parse_method
from pkdot.distillers.base import BUDGET, tuning_grid
from pkdot.errors import ConfigError
from pkdot.networks import NetworkOutput
from tests.support.network_outputs import pair, ready


def output(seed: int, size: int = 16, classes: int = 4, dim: int = 6) -> NetworkOutput:
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(size, classes, generator=draw, dtype=torch.float64)
    z = torch.randn(size, dim, generator=draw, dtype=torch.float64)
    return NetworkOutput(logits.requires_grad_(True), z.requires_grad_(True), {})


TEACHER, STUDENT = output(0), output(1)
NO_LABELS = torch.full((16,), -1)


def test_every_method_has_name_title_and_description() -> None:
    found = available_distillers()
    assert {"none", "kd", "pkdot"} <= set(found)
    for name, method in found.items():
        assert method.name == name == build_distiller(name).name
        assert method.title
        assert method.about


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_soft_labels_by_hand(temperature: float) -> None:
    teacher = TEACHER.outputs.detach().numpy() / temperature
    student = STUDENT.outputs.detach().numpy() / temperature
    p = softmax(teacher, axis=1)
    kl = (p * (log_softmax(teacher, axis=1) - log_softmax(student, axis=1))).sum(1)
    method = build_distiller("kd", {"kd": {"temperature": temperature}})
    found = method.loss(TEACHER, STUDENT, NO_LABELS)
    assert found.item() == pytest.approx(temperature**2 * kl.mean(), abs=1e-12)
    assert method.loss(TEACHER, TEACHER, NO_LABELS).item() == pytest.approx(0, abs=1e-12)


def test_pkdot_is_the_promised_loss() -> None:
    options = {"k": 5, "blur": 0.3, "policy": "per_sample", "weight": 2.5}
    loss_of_method = build_distiller("pkdot", {"pkdot": options})(TEACHER, STUDENT, NO_LABELS)
    loss = pkdot.PKDOTLoss(k=5, blur=0.3, policy="per_sample")
    expected = 2.5 * loss(TEACHER.embedding, STUDENT.embedding)
    assert float(loss_of_method.detach()) == pytest.approx(float(expected.detach()), rel=1e-6)


def test_a_sum_adds_weighted_parts() -> None:
    options = {"kd": {"weight": 0.5}, "pkdot": {"weight": 3.0, "k": 5}}
    both = build_distiller("kd+pkdot", options)(TEACHER, STUDENT, NO_LABELS)
    apart = [
        build_distiller(name, {name: options[name]})(TEACHER, STUDENT, NO_LABELS)
        for name in ("kd", "pkdot")
    ]
    assert float(both.detach()) == pytest.approx(float(sum(apart).detach()))
    assert float(build_distiller("none")(TEACHER, STUDENT, NO_LABELS)) == 0


@pytest.mark.parametrize("method", ["kd", "pkdot", "kd+pkdot"])
def test_gradient_reaches_the_student_alone(method: str) -> None:
    options = {"pkdot": {"k": 5}} if "pkdot" in method else {}
    teacher = NetworkOutput(TEACHER.outputs.detach(), TEACHER.embedding.detach(), {})
    student = output(2)
    build_distiller(method, options)(teacher, student, NO_LABELS).backward()
    for wanted, tensor in (("kd", student.outputs), ("pkdot", student.embedding)):
        assert (tensor.grad is not None) == (wanted in method.split("+"))
        if tensor.grad is not None:
            assert np.isfinite(tensor.grad.numpy()).all()
            assert (tensor.grad != 0).any()


def test_misuse_raises_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"'kt'.*choose from"):
        parse_method("kt+pkdot")
    with pytest.raises(ConfigError, match="names a part twice"):
        parse_method("kd+kd")
    with pytest.raises(ConfigError, match="did you mean 'temperature'"):
        build_distiller("kd", {"kd": {"temprature": 2.0}})
    with pytest.raises(ConfigError, match=r"'blur' is -1.*greater than 0"):
        build_distiller("pkdot", {"pkdot": {"blur": -1.0}})


@pytest.mark.parametrize("name", available_distillers())
def test_every_method_has_the_same_tuning_budget(name: str) -> None:
    method = available_distillers()[name]
    assert len(method.tuning) == BUDGET == 6
    for options in method.tuning:
        settings = method.settings(**options)
        assert {key: getattr(settings, key) for key in options} == dict(options)
    if name != "none":
        assert len({repr(options) for options in method.tuning}) == BUDGET
        # Where the batch chooses the weight, both that it may choose are tried.
        kind, by_batch = method.distiller, method.settings().weight is None
        weights = (kind.weight_unlabelled, kind.weight_labelled) if by_batch else ()
        for fixed in [{"weight": w} for w in weights] or [{}]:
            default = method.settings(**fixed)
            assert any(method.settings(**o) == default for o in method.tuning), "default is tried"


def test_a_grid_has_every_weight_with_every_value() -> None:
    expected = [{"weight": w, "k": k} for w in (1, 2) for k in (3, 4)]
    assert tuning_grid((1, 2), k=(3, 4)) == tuple(expected)
    assert tuning_grid((5,)) == ({"weight": 5},)


def test_the_weight_warms_up_from_nothing() -> None:
    method = build_distiller("kd", {"kd": {"weight": 3.0, "warm_up": 4}})
    full = 3.0 * float(method.loss(TEACHER, STUDENT, NO_LABELS).detach())
    for _ in range(2):  # the second time after being prepared again
        method.prepare(TEACHER, STUDENT)
        found = [float(method(TEACHER, STUDENT, NO_LABELS).detach()) for _ in range(6)]
        assert found == pytest.approx([full * share for share in (0, 0.25, 0.5, 0.75, 1, 1)])


def test_every_option_of_the_loss_can_be_set_by_its_dotted_name() -> None:
    given = {
        "k": 5,
        "blur": 0.3,
        "policy": "farthest",
        "transport": "unbalanced",
        "penalty": 0.5,
        "identity": 0.2,
        "relative": True,
        "tolerance": 1e-6,
        "max_iterations": 500,
    }
    config = ExperimentConfig().changed({f"options.pkdot.{k}": v for k, v in given.items()})
    structural = build_distiller(config.method, config.options).structural
    assert {name: getattr(structural, name) for name in given} == given
    batch = TEACHER.embedding.detach(), STUDENT.embedding.detach()
    assert float(structural(*batch)) == float(pkdot.PKDOTLoss(**given)(*batch))


def test_anchors_of_any_method_must_fit_the_batch() -> None:
    methods = available_distillers()
    assert methods["pkdot"].settings(k=9, policy="shared").anchors_in_batch() == 9
    assert methods["pkdot"].settings(k=9).anchors_in_batch() == 0, "all are anchors"
    assert methods["kd"].settings().anchors_in_batch() == 0
    with pytest.raises(ConfigError, match=r"k = 30 .* more than 30"):
        ExperimentConfig(
            method="kd+pkdot",
            options={"pkdot": {"policy": "shared"}},
            training={"batch_size": 30},
        )


@pytest.mark.parametrize("name", ["pkdot", "pkdot_identity", "mt_pkdot"])
def test_the_batch_chooses_the_weight_of_transport_unless_it_is_set(name: str) -> None:
    teacher, student, labels = pair()
    all_labelled = labels.clamp_min(0)
    some_without = torch.cat([labels.new_full((1,), -1), all_labelled[1:]])
    loss = {
        weight: ready(name, weight=weight)
        for weight in (None, 1.0)  # the same draws: `ready` seeds
    }
    labelled, unlabelled = 6.0 if name == "mt_pkdot" else 1.2, 30.0
    for batch, expected in ((all_labelled, labelled), (some_without, unlabelled)):
        own, unit = (float(loss[w](teacher, student, batch).detach()) for w in (None, 1.0))
        assert own == pytest.approx(expected * unit, rel=1e-5)
        assert loss[None].applied_weights() == {name: expected}
    set_to = ready(name, weight=7.0)
    assert set_to.weight(all_labelled) == set_to.weight(some_without) == 7.0


def test_the_applied_weights_are_those_that_multiplied_the_loss() -> None:
    method = build_distiller("kd", {"kd": {"weight": 3.0, "warm_up": 2}})
    assert method.applied_weights() == {}
    seen = []
    for _ in range(4):
        method(TEACHER, STUDENT, NO_LABELS)
        seen.append(method.applied_weights()["kd"])
    assert seen == [0.0, 1.5, 3.0, 3.0]
    both = build_distiller("kd+pkdot+pkdot_identity", {"kd": {"weight": 0.5}})
    both(TEACHER, STUDENT, NO_LABELS)
    assert both.applied_weights() == {"kd": 0.5, "pkdot": 30.0, "pkdot_identity": 30.0}
    none = build_distiller("none")
    none(TEACHER, STUDENT, NO_LABELS)
    assert none.applied_weights() == {}


def test_forms_of_pkdot_are_one_class_told_apart_by_settings() -> None:
    methods = available_distillers()
    for name, defaults in (
        ("pkdot_identity", {"identity": 0.1}),
        ("pkdot_soft", {"weight": 3.0, "identity": 1.0, "outputs": 10.0, "outputs_as": "roots"}),
    ):
        assert methods[name].distiller is methods["pkdot"].distiller
        assert methods[name].settings() == methods["pkdot"].settings(**defaults)
        assert methods[name].settings(identity=0.5).identity == 0.5
        assert methods[name].title != methods["pkdot"].title
        assert methods[name].tuning != methods["pkdot"].tuning


@pytest.mark.slow
def test_methods_load_without_the_libraries_of_data_and_records() -> None:
    code = (
        "import sys; from pkdot.distillers import available_distillers; available_distillers(); "
        "import pkdot.method.loss; heavy = ('pandas', 'sklearn', 'scipy', 'pyarrow', 'joblib', "
        "'safetensors', 'lightning_fabric', 'torchmetrics', 'ot', 'plotly'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
