"""Every method against its formula, computed again in NumPy, sample by sample where clearer."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import ot
import pytest
import torch
from scipy.special import log_softmax, softmax
from scipy.stats import pearsonr

import pkdot
from pkdot.distillers import available_distillers, build_distiller
from pkdot.errors import InputError
from pkdot.networks import NetworkOutput
from tests.distillers.doubt_formulas import belief, small_losses
from tests.support.network_outputs import CLASSES, has_setting, pair, ready

TEACHER, STUDENT, LABELS = pair()
T, S = (
    {
        "logits": o.outputs.numpy(),
        "z": o.embedding.numpy(),
        **{k: f.numpy() for k, f in o.features.items()},
    }
    for o in (TEACHER, STUDENT)
)
B = len(LABELS)
Array = np.ndarray


def kl(p: Array, q: Array) -> float:
    return float(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))


def cosines(z: Array) -> Array:
    return np.array([[x @ y / math.sqrt((x @ x) * (y @ y)) for y in z] for x in z])


def anchor_rows(k: int = 3) -> tuple[Array, Array]:
    """The k samples least similar to the others on average, and similarities to them."""
    teacher, student = cosines(T["z"]), cosines(S["z"])
    anchors = np.argsort(teacher.sum(1) - 1, kind="stable")[:k]
    return teacher[:, anchors], student[:, anchors]


def divergence(x: Array, y: Array, blur: float, identity: float, mass: Array) -> float:
    """By POT: OT(x, y) - ½ OT(x, x) - ½ OT(y, y), each with its entropy."""
    own = identity * (1 - np.eye(len(x)))

    def value(u: Array, v: Array) -> float:
        cost = 0.5 * ot.dist(u, v) + own
        plan = ot.sinkhorn(
            mass, mass, cost, blur**2, method="sinkhorn_log", stopThr=1e-9, numItermax=100_000
        )
        entropy = np.sum(plan * np.log(np.maximum(plan, 1e-300) / np.outer(mass, mass)))
        return float(np.sum(plan * cost) + blur**2 * entropy)

    return value(x, y) - 0.5 * value(x, x) - 0.5 * value(y, y)


def linear(method: Any, name: str, x: Array) -> Array:
    layer = method.adapters[name]
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def unit(x: Array) -> Array:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def kd(method: Any, temperature: float = 2.0) -> float:
    p, q = (softmax(o["logits"] / temperature, axis=1) for o in (T, S))
    return temperature**2 * np.mean([kl(p[i], q[i]) for i in range(B)])


def dkd(method: Any, alpha: float = 1.0, beta: float = 8.0, temperature: float = 4.0) -> float:
    p, q = (softmax(o["logits"] / temperature, axis=1) for o in (T, S))
    total = 0.0
    for i in range(B):
        t = int(LABELS[i]) if LABELS[i] >= 0 else int(p[i].argmax())
        others = [c for c in range(CLASSES) if c != t]
        tckd = kl([p[i, t], 1 - p[i, t]], [q[i, t], 1 - q[i, t]])
        nckd = kl(p[i, others] / p[i, others].sum(), q[i, others] / q[i, others].sum())
        total += alpha * tckd + beta * nckd
    return temperature**2 * total / B


def dist(method: Any, temperature: float = 1.0, inter: float = 1.0, intra: float = 1.0) -> float:
    p, q = (softmax(o["logits"] / temperature, axis=1) for o in (T, S))
    samples = np.mean([1 - pearsonr(p[i], q[i])[0] for i in range(B)])
    classes = np.mean([1 - pearsonr(p[:, c], q[:, c])[0] for c in range(CLASSES)])
    return temperature**2 * (inter * samples + intra * classes)


def fitnets(method: Any) -> float:
    return np.mean((T["z"] - linear(method, "regressor", S["z"])) ** 2)


def sp(method: Any) -> float:
    teacher, student = (unit(o["z"] @ o["z"].T) for o in (T, S))
    return np.linalg.norm(teacher - student, "fro") ** 2 / B**2


def rkd(method: Any, distance: float = 1.0, angle: float = 2.0) -> float:
    def huber(x: float) -> float:
        return 0.5 * x * x if abs(x) <= 1 else abs(x) - 0.5

    def cosine(z: Array, i: int, j: int, k: int) -> float:
        one, two = z[i] - z[j], z[k] - z[j]
        return one @ two / np.linalg.norm(one) / np.linalg.norm(two)

    pairs, triples = (list(itertools.permutations(range(B), n)) for n in (2, 3))
    far = [{(i, j): np.linalg.norm(z[i] - z[j]) for i, j in pairs} for z in (T["z"], S["z"])]
    mu = [np.mean(list(d.values())) for d in far]
    d = np.mean([huber(far[0][p] / mu[0] - far[1][p] / mu[1]) for p in pairs])
    a = np.mean([huber(cosine(T["z"], *t) - cosine(S["z"], *t)) for t in triples])
    return distance * d + angle * a


def pkt(method: Any) -> float:
    def conditional(z: Array, i: int) -> Array:
        kernel = (np.delete(cosines(z)[i], i) + 1) / 2
        return kernel / kernel.sum()

    return np.mean([kl(conditional(T["z"], i), conditional(S["z"], i)) for i in range(B)])


def crd(method: Any, temperature: float = 0.1) -> float:
    teacher = unit(linear(method, "teacher", T["z"]))
    student = unit(linear(method, "student", S["z"]))
    scores = student @ teacher.T / temperature
    one, other = (-np.diag(log_softmax(scores, axis=axis)).mean() for axis in (0, 1))
    return (one + other) / 2


def matrix(method: Any) -> float:
    return np.mean((cosines(T["z"]) - cosines(S["z"])) ** 2)


def rows(method: Any, k: int = 3) -> float:
    teacher, student = anchor_rows(k)
    return np.mean([0.5 * np.sum((teacher[i] - student[i]) ** 2) for i in range(B)])


UNIFORM = np.full(B, 1 / B)


def structure(
    method: Any,
    blur: float = 0.3,
    identity: float = 0.0,
    outputs: float = 0.0,
    outputs_as: str = "probabilities",
    confidence: float = 0.0,
    temperature: float = 2.0,
    tolerance: float = 1e-10,
) -> float:
    clouds = list(anchor_rows())
    for n, o in enumerate((T, S)):
        columns = {
            "probabilities": softmax(o["logits"] / temperature, axis=1),
            "roots": np.sqrt(softmax(o["logits"] / temperature, axis=1)),
            "logits": (o["logits"] - o["logits"].mean(1, keepdims=True)) / temperature,
        }
        clouds[n] = np.hstack([clouds[n], math.sqrt(outputs) * columns[outputs_as]])
    mass = softmax(T["logits"], axis=1).max(1) ** confidence
    return divergence(*clouds, blur, identity, mass / mass.sum())


def soft_structure(method: Any, **options: Any) -> float:
    own = {"identity": 1.0, "outputs": 10.0, "outputs_as": "roots"}
    return structure(method, **{**own, **options})


def paired_structure(method: Any, **options: Any) -> float:
    return structure(method, **{"identity": 0.1, **options})


def class_structure(
    method: Any, blur: float = 0.3, identity: float = 0.0, tolerance: float = 1
) -> float:
    predicted = T["logits"].argmax(1)
    clouds = []
    for o in (T, S):
        directions = unit(o["z"])
        means = np.array([directions[predicted == c].mean(0) for c in sorted(set(predicted))])
        clouds.append(directions @ unit(means).T)
    return divergence(*clouds, blur, identity, UNIFORM)


def correlated_structure(
    method: Any,
    blur: float = 0.3,
    identity: float = 10.0,
    structure: float = 0.3,
    temperature: float = 1.0,
    tolerance: float = 1,
) -> float:
    clouds = []
    for o, similar in zip((T, S), anchor_rows(), strict=True):
        p = softmax(o["logits"] / temperature, axis=1)
        u = (p - p.mean(1, keepdims=True)) / (p.std(1, keepdims=True) * np.sqrt(CLASSES))
        v = (p - p.mean(0)) / (p.std(0) * np.sqrt(B))
        clouds.append(np.hstack([u, np.sqrt(B / CLASSES) * v, np.sqrt(structure) * similar]))
    return divergence(*clouds, blur, identity, UNIFORM)


def many_teachers(
    method: Any, centroid: float = 0.1, blur: float = 0.3, tolerance: float = 1
) -> float:
    labelled = LABELS.numpy() >= 0
    truth = LABELS.numpy()[labelled]

    def task(logits: Array) -> float:
        return -log_softmax(logits[labelled], axis=1)[np.arange(len(truth)), truth].mean()

    teachers = [(task(T["logits"]), T["z"])]
    learning = 0.0
    for name, feature in (("face", T["face"]), ("pulse", T["pulse"].mean(1))):
        z = linear(method, f"adapter of {name}", feature)
        logits = linear(method, f"head of {name}", z)
        teachers.append((task(logits), z))
        p, q = softmax(T["logits"], axis=1), softmax(logits, axis=1)
        learning += 1 - np.sum(unit(z) * unit(T["z"]), axis=1).mean()
        learning += np.mean([kl(p[i], q[i]) for i in range(B)]) + task(logits)
    teacher, student = cosines(min(teachers, key=lambda pair: pair[0])[1]), cosines(S["z"])
    anchors = np.argsort(teacher.sum(1) - 1, kind="stable")[:3]
    transport = divergence(teacher[:, anchors], student[:, anchors], blur, 0.0, UNIFORM)
    return transport + centroid * np.linalg.norm(teacher.mean(0) - student.mean(0)) + learning


KNOWN = LABELS.numpy() >= 0


def doubtful_structure(
    method: Any,
    outputs: float = 10.0,
    identity: float = 1.0,
    blur: float = 0.3,
    tolerance: float = 1,
) -> float:
    roots = [np.sqrt(softmax(o["logits"] / 2, axis=1)) for o in (T, S)]
    b = belief(cosines(T["z"]), cosines(S["z"]), KNOWN, roots if outputs else None)
    anchors = np.argsort(cosines(T["z"]).sum(1) - 1, kind="stable")[:3]
    weights = ((b + 0.05) / (b + 0.05).mean())[anchors]
    clouds = [
        np.hstack([np.sqrt(weights) * rows, math.sqrt(outputs) * o, np.diag(np.sqrt(identity * b))])
        for rows, o in zip(anchor_rows(), roots, strict=True)
    ]
    return divergence(*clouds, blur, 0.0, UNIFORM)


def doubtful_rows(method: Any, k: int = 3) -> float:
    b = belief(cosines(T["z"]), cosines(S["z"]), KNOWN)
    anchors = np.argsort(cosines(T["z"]).sum(1) - 1, kind="stable")[:k]
    weights = ((b + 0.05) / (b + 0.05).mean())[anchors]
    teacher, student = anchor_rows(k)
    return np.mean([0.5 * b[i] * weights @ (teacher[i] - student[i]) ** 2 for i in range(B)])


def transported_labels(
    method: Any,
    blur: float = 0.3,
    identity: float = 0.1,
    temperature: float = 2.0,
    outputs: float = 0.0,
    tolerance: float = 1,
) -> float:
    p, q = (softmax(o["logits"] / temperature, axis=1) for o in (T, S))
    clouds = [
        np.hstack([rows, math.sqrt(outputs) * x])
        for rows, x in zip(anchor_rows(), (p, q), strict=True)
    ]
    cost = 0.5 * ot.dist(*clouds) + identity * (1 - np.eye(B))
    plan = ot.sinkhorn(UNIFORM, UNIFORM, cost, blur**2, method="sinkhorn_log", stopThr=1e-11)
    labels = B * plan.T @ p
    return temperature**2 * np.mean([kl(labels[j], q[j]) for j in range(B)])


def balanced_labels(method: Any, epsilon: float = 0.1) -> float:
    logs = log_softmax(S["logits"][~KNOWN], axis=1)
    n = len(logs)
    shares = np.full(CLASSES, 1 / CLASSES)
    plan = ot.sinkhorn(
        np.full(n, 1 / n),
        shares,
        -logs,
        epsilon,
        method="sinkhorn_log",
        stopThr=1e-9,
    )
    return -np.sum(plan * logs)


def gromov(
    method: Any, blur: float = 0.3, least_move: float = 1, max_iterations: int = 1, start: str = ""
) -> float:
    """By POT: GW(T, S) - ½ GW(T, T) - ½ GW(S, S), each with its entropy."""
    similar = [cosines(o["z"]) for o in (T, S)]

    def value(one: Array, two: Array, own: bool) -> float:
        begin = np.eye(B) / B if own or start == "pairs" else np.full((B, B), 1 / B**2)
        plan = ot.gromov.entropic_gromov_wasserstein(
            one, two, UNIFORM, UNIFORM, "square_loss", blur**2, G0=begin, max_iter=2000, tol=1e-11,
            numItermax=10_000, stopThr=1e-11,
        )  # fmt: skip
        cost = ((one[:, None, :, None] - two[None, :, None, :]) ** 2).reshape(B * B, B * B)
        flat = plan.ravel()
        return float(flat @ cost @ flat + blur**2 * np.sum(flat * np.log(flat * B * B)))

    pairs = (similar[0], similar[1]), (similar[0],) * 2, (similar[1],) * 2
    gw, teacher, student = (value(*pair, own=n > 0) for n, pair in enumerate(pairs))
    return gw - 0.5 * teacher - 0.5 * student


def losses_of_soft_labels(temperature: float) -> tuple[list[Array], Array]:
    p, q = (softmax(o["logits"] / temperature, axis=1) for o in (T, S))
    return [p, q], temperature**2 * np.array([kl(p[i], q[i]) for i in range(B)])


def doubtful_labels(method: Any, temperature: float = 2.0) -> float:
    points, losses = losses_of_soft_labels(temperature)
    agreement = belief(cosines(T["z"]), cosines(S["z"]), KNOWN, points)
    small = small_losses(losses) if method.settings.belief == "both" else 1.0
    return np.mean(np.where(KNOWN, 1, agreement * small) * losses)


def trusted_small_losses(method: Any, temperature: float = 2.0) -> float:
    _, losses = losses_of_soft_labels(temperature)
    return np.mean(np.where(KNOWN, 1, small_losses(losses)) * losses)


TIGHT = {"blur": 0.3, "tolerance": 1e-10}
SLOW_SEARCH = {"blur": 0.4, "least_move": 1e-11, "max_iterations": 2000}
CASES: list[tuple[str, Callable[..., float], dict[str, Any]]] = [
    ("none", lambda method: 0.0, {}),
    ("kd", kd, {}),
    ("kd", kd, {"temperature": 5.0}),
    ("dkd", dkd, {}),
    ("dkd", dkd, {"alpha": 0.5, "beta": 2.0, "temperature": 1.0}),
    ("dist", dist, {}),
    ("dist", dist, {"temperature": 4.0, "inter": 0.5, "intra": 2.0}),
    ("fitnets", fitnets, {}),
    ("sp", sp, {}),
    ("rkd", rkd, {}),
    ("rkd", rkd, {"distance": 0.5, "angle": 0.0}),
    ("pkt", pkt, {}),
    ("crd", crd, {}),
    ("crd", crd, {"temperature": 0.3}),
    ("matrix", matrix, {}),
    ("rows", rows, {}),
    ("rows", rows, {"k": 5}),
    ("pkdot", structure, TIGHT),
    ("pkdot", structure, {**TIGHT, "identity": 0.05}),
    ("pkdot", structure, {**TIGHT, "confidence": 2.0}),
    ("pkdot", structure, {**TIGHT, "outputs": 2.0, "outputs_as": "roots", "temperature": 3.0}),
    (
        "pkdot",
        structure,
        {**TIGHT, "blur": 1.0, "outputs": 0.5, "outputs_as": "logits", "identity": 0.1},
    ),
    ("pkdot_soft", soft_structure, {**TIGHT, "blur": 1.0}),
    (
        "pkdot_soft",
        soft_structure,
        {**TIGHT, "identity": 0.02, "outputs": 1.0, "outputs_as": "probabilities"},
    ),
    ("pkdot_identity", paired_structure, TIGHT),
    # POT's Sinkhorn does not converge in 100 000 iterations where blur is small beside this cost.
    ("pkdot_dist", correlated_structure, {**TIGHT, "blur": 0.7, "identity": 0.5}),
    (
        "pkdot_dist",
        correlated_structure,
        {**TIGHT, "blur": 0.7, "structure": 0.0, "identity": 0.2, "temperature": 4.0},
    ),
    ("pkdot_class", class_structure, TIGHT),
    ("pkdot_class", class_structure, {**TIGHT, "identity": 0.05}),
    ("pkdot_doubt", doubtful_structure, {**TIGHT, "blur": 0.7}),
    ("pkdot_doubt", doubtful_structure, {**TIGHT, "blur": 0.6, "outputs": 0.0, "identity": 0.1}),
    ("rows_doubt", doubtful_rows, {}),
    ("rows_doubt", doubtful_rows, {"k": 5}),
    ("kd_doubt", doubtful_labels, {}),
    ("kd_doubt", doubtful_labels, {"temperature": 5.0}),
    ("kd_small_loss", trusted_small_losses, {}),
    ("transported_labels", transported_labels, TIGHT),
    (
        "transported_labels",
        transported_labels,
        {**TIGHT, "identity": 0.0, "temperature": 4.0, "outputs": 1.0},
    ),
    ("gromov", gromov, {**SLOW_SEARCH, "start": "pairs"}),
    ("gromov", gromov, {**SLOW_SEARCH, "start": "uniform"}),
    ("self_labels", balanced_labels, {"epsilon": 0.5}),
    ("self_labels", balanced_labels, {"epsilon": 1.0}),
    ("mt_pkdot", many_teachers, TIGHT),
    ("mt_pkdot", many_teachers, {**TIGHT, "centroid": 2.0}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "formula", "options"), CASES)
def test_loss_by_hand(name: str, formula: Callable[..., float], options: dict[str, Any]) -> None:
    # By hand, anchors are the few that the paper takes; with all of them rows are the matrix.
    anchored = {"policy": "shared"} if has_setting(name, "policy") else {}
    method = ready(name, **anchored, **options)
    found = float(method.loss(TEACHER, STUDENT, LABELS).detach())
    assert found == pytest.approx(formula(method, **options), rel=1e-6, abs=1e-8)


def test_no_method_goes_unchecked() -> None:
    assert {name for name, _, _ in CASES} == set(available_distillers())


def test_rows_are_the_limit_of_a_cost_that_knows_the_pairing() -> None:
    """The dearer a change of identity, the nearer PKDOT comes to matching rows one to one."""
    limit = float(ready("rows").loss(TEACHER, STUDENT, LABELS))
    far, near, there = (
        abs(float(ready("pkdot", identity=price).loss(TEACHER, STUDENT, LABELS)) - limit)
        for price in (0.0, 0.1, 10.0)
    )
    assert far > near > there
    assert there < 1e-9


def test_decoupled_labels_need_another_class() -> None:
    single = NetworkOutput(torch.zeros(3, 1), torch.zeros(3, 2), {})
    with pytest.raises(InputError, match=r"\(3, 1\).*at least 2 classes"):
        ready("dkd").loss(single, single, torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize("name", ["fitnets", "crd", "mt_pkdot"])
def test_absent_adapters_raise_one_sentence(name: str) -> None:
    method = build_distiller(name)
    with pytest.raises(InputError, match=f"'{name}' has no adapter .* call prepare"):
        method.loss(TEACHER, STUDENT, LABELS)


def test_the_best_teacher_of_the_batch_is_chosen() -> None:
    method = ready("mt_pkdot")
    sure = torch.nn.functional.one_hot(LABELS.clamp_min(0), CLASSES).double()
    bad, good = (NetworkOutput(c * sure, TEACHER.embedding, {}) for c in (-5.0, 5.0))
    assert method.best_teacher({"bad": bad, "good": good}, LABELS) == "good"
    assert method.best_teacher({"good": good, "bad": bad}, LABELS) == "good"
    assert method.best_teacher({"bad": bad, "good": good}, torch.full_like(LABELS, -1)) == "bad"


def test_random_anchors_follow_the_seed_and_leave_the_global_state_alone() -> None:
    def losses(seed: int) -> list[float]:
        method = ready("pkdot", policy="random")
        torch.manual_seed(seed)
        method.prepare(TEACHER, STUDENT)
        before = torch.get_rng_state()
        found = [float(method.loss(TEACHER, STUDENT, LABELS)) for _ in range(3)]
        assert torch.equal(torch.get_rng_state(), before)
        return found

    assert losses(1) == losses(1) != losses(2)
    assert len(set(losses(1))) == 3


def test_the_front_door_gives_the_same_loss() -> None:
    loss = pkdot.PKDOTLoss(k=3, blur=0.3, identity=0.1)
    expected = float(loss(TEACHER.embedding, STUDENT.embedding))
    found = ready("pkdot", policy="shared", blur=0.3, identity=0.1).loss(TEACHER, STUDENT, LABELS)
    assert float(found) == expected


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_transport_on_correlations_becomes_dist_where_each_keeps_its_own(
    temperature: float,
) -> None:
    """One less a correlation is half a squared distance, so DIST is the dear end of transport."""
    given = {"structure": 0.0, "temperature": temperature, "tolerance": 1e-10}
    limit = dist(None, temperature) / temperature**2
    losses = [
        float(ready("pkdot_dist", identity=price, **given).loss(TEACHER, STUDENT, LABELS).detach())
        for price in (0.0, 0.3, 3.0, 300.0)
    ]
    assert losses[-1] == pytest.approx(limit, rel=1e-6)
    assert losses == sorted(losses), "a dearer exchange leaves less to be explained by others"
    assert losses[0] < 0.9 * limit


@pytest.mark.parametrize("classes", [2, 3])
def test_two_classes_teach_nothing_within_samples(classes: int) -> None:
    """Two probabilities, centred and brought to length 1, are only a sign."""
    teacher, student, labels = pair()
    logits = student.outputs[:, :classes].clone().requires_grad_(True)
    few = NetworkOutput(teacher.outputs[:, :classes], teacher.embedding, {})
    answers = NetworkOutput(logits, student.embedding, {})
    ready("dist", intra=0.0).loss(few, answers, labels).backward()
    assert logits.grad is not None
    strongest = float(logits.grad.abs().max())
    assert strongest < 1e-12 if classes == 2 else strongest > 1e-3


def test_with_two_classes_transport_on_correlations_is_pkdot() -> None:
    teacher, student = (
        NetworkOutput(output.outputs[:, :2], output.embedding, {}) for output in (TEACHER, STUDENT)
    )
    settings = {"policy": "shared", "tolerance": 1e-10}
    found = ready("pkdot_dist", blur=0.3, structure=0.5, identity=10.0, **settings)
    expected = ready("pkdot", blur=0.3 / 0.5**0.5, **settings).loss(teacher, student, LABELS)
    assert float(found.loss(teacher, student, LABELS)) == pytest.approx(0.5 * float(expected))
    with pytest.raises(InputError, match=r"structure.*above 0"):
        ready("pkdot_dist", structure=0.0).loss(teacher, student, LABELS)
