"""A trained student as a file for other programs: torch.export, or ONNX.

The file holds preprocessing, network and the form of answers: samples of the prevalent modalities
in, ``outputs`` (probabilities, or values in their own unit) and ``embedding`` out, for any number
of samples. It is read back and compared with the module before it takes its name.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from ...atomic_files import write_text, written_aside
from ...errors import ConfigError, InputError, RecordError
from ...networks.temporal import TemporalRecurrence
from .card import card_path
from .trained import TrainedStudent

Format = Literal["torch", "onnx"]
ENDINGS: dict[str, str] = {"torch": ".pt2", "onnx": ".onnx"}
TOLERANCE = 1e-5
"""Most that a file may differ from the module; see :attr:`Exported.difference`."""

ONNX = ("onnx", "onnxscript", "onnxruntime")
"""What writing, building and checking an ONNX file needs."""


@dataclass(frozen=True)
class Exported:
    """A file that was written and checked.

    Attributes:
        path: of the file.
        difference: largest absolute difference from the module over outputs and embedding, each as
            a share of its largest number where that is above 1.
        samples: number of samples that both were given.
    """

    path: Path
    difference: float
    samples: int


class _Positional(nn.Module):
    """The student as a function of one tensor a modality, without checks of its input."""

    def __init__(self, student: TrainedStudent) -> None:
        super().__init__()
        self.student = student

    def forward(self, *samples: Tensor) -> tuple[Tensor, Tensor]:
        student = self.student
        features = student.features(dict(zip(student.prevalent, samples, strict=True)))
        output = student.output(features, {}, ())
        return student.task.recorded_tensor(output.outputs), output.embedding


def export_student(
    student: TrainedStudent,
    samples: Mapping[str, Any],
    out: Path,
    form: Format = "torch",
) -> Exported:
    """Write a student to a file that answers any number of samples, and check it.

    Args:
        student: from :func:`pkdot.load_student`.
        samples: every prevalent modality -> (N, ...), N >= 2, to compare file and module on: those
            of the probe, say.
        out: the file; replaced where it is there, and unchanged if anything fails.
        form: ``torch`` (a program of ``torch.export``) or ``onnx``.

    Raises:
        ConfigError: if a library is not installed, or the student cannot be exported.
        InputError: for samples that the student does not read, or fewer than two.
        RecordError: if file and module differ by more than :data:`TOLERANCE`, or nothing can be
            written.
    """
    check_form(student, form, out)
    given = tuple(student.tensors(samples)[name] for name in student.prevalent)
    size = len(given[0])
    if size < 2:
        raise InputError(f"An export is checked on two samples or more; given is {size}.")
    network = _Positional(student).eval()
    with torch.no_grad():
        expected = network(*given)
    write, read = {"torch": (_write_torch, _read_torch), "onnx": (_write_onnx, _read_onnx)}[form]
    with written_aside(out) as aside:
        # Written by hand: the exporters judge a file by its ending, which an aside file lacks.
        aside.write_bytes(write(network, given))
        answer = read(aside)
        # Of several sizes, as a program may have taken the number of samples for a constant.
        difference = max(
            _difference(answer, [x[:n] for x in given], [y[:n] for y in expected])
            for n in dict.fromkeys((size, 1, max(2, size // 2)))
        )
        if not difference <= TOLERANCE:
            raise RecordError(
                f"The exported student differs from the module by {difference:.2g} on {size} "
                f"samples, more than {TOLERANCE:g}; nothing was written. Try the other format."
            )
    write_text(card_path(out), student.card)
    return Exported(out, difference, size)


def check_form(student: TrainedStudent, form: Format, out: Path) -> None:
    """Refuse what cannot be exported, before anything is computed.

    Raises:
        ConfigError: one sentence.
    """
    if form not in ENDINGS:
        raise ConfigError(f"There is no format {form!r}; choose from {', '.join(ENDINGS)}.")
    if student.needs_groups:
        raise ConfigError(
            f"The student takes features relative to all recordings of the same "
            f"{student.record.unit}, which a file for single samples cannot; train with "
            f"backbones.normalisation=none to export it."
        )
    if any(isinstance(part, TemporalRecurrence) for part in student.network.modules()):
        raise ConfigError(
            "The student's recurrence over time (network.temporal=gru) cannot be written for "
            "windows of any length; train with network.temporal=tcn to export it."
        )
    lacking = [name for name in ONNX if find_spec(name) is None] if form == "onnx" else []
    if lacking:
        raise ConfigError(
            f"Writing ONNX needs {' and '.join(lacking)}: pip install 'pkdot[onnx]', or choose the "
            f"format torch."
        )
    other = next((name for name, ending in ENDINGS.items() if out.suffix == ending), form)
    if other != form:
        raise ConfigError(f"{out.name} ends as the format {other} does, not {form}; say which.")
    if out.is_dir():
        raise ConfigError(f"{out} is a folder; name a file for the student.")


Answer = Callable[..., tuple[np.ndarray, ...]]


def _difference(answer: Answer, given: list[Tensor], expected: list[Tensor]) -> float:
    found = answer(*given)
    return max(
        float(np.abs(one - two.numpy()).max()) / max(1.0, float(two.abs().max()))
        for one, two in zip(found, expected, strict=True)
    )


def _program(network: _Positional, given: tuple[Tensor, ...]) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch")
    sizes = {0: batch}
    if network.student.is_sequence:
        sizes[1] = torch.export.Dim("frames")
    shapes = (tuple(sizes for _ in given),)
    with _quietly():
        try:
            return torch.export.export(network, given, dynamic_shapes=shapes)
        except Exception as error:  # whatever somebody's module makes the tracer raise
            raise _refused("torch.export", error) from error


def _refused(exporter: str, error: Exception) -> ConfigError:
    words = next((line for line in str(error).splitlines() if line.strip()), "")
    return ConfigError(
        f"The student cannot be exported: {exporter} failed with {type(error).__name__} "
        f"({words.strip()[:200]})."
    )


@contextmanager
def _quietly() -> Any:
    """Without the exporters' warnings about themselves."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _write_torch(network: _Positional, given: tuple[Tensor, ...]) -> bytes:
    stream, program = BytesIO(), _program(network, given)
    with _quietly():
        torch.export.save(program, stream)
    return stream.getvalue()


def _read_torch(path: Path) -> Answer:
    module = torch.export.load(BytesIO(path.read_bytes())).module()

    def answer(*samples: Tensor) -> tuple[np.ndarray, ...]:
        with torch.no_grad():
            return tuple(x.numpy() for x in module(*samples))

    return answer


def _write_onnx(network: _Positional, given: tuple[Tensor, ...]) -> bytes:
    program = _program(network, given)
    with _quietly():
        try:
            written = torch.onnx.export(
                program,
                input_names=list(network.student.prevalent),
                output_names=["outputs", "embedding"],
                dynamo=True,
                verbose=False,
            )
        except Exception as error:  # an operator that ONNX lacks, among others
            raise _refused("torch.onnx", error) from error
        assert written is not None
        content: bytes = written.model_proto.SerializeToString()
        return content


def _read_onnx(path: Path) -> Answer:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]

    def answer(*samples: Tensor) -> tuple[np.ndarray, ...]:
        given = {name: x.numpy() for name, x in zip(names, samples, strict=True)}
        return tuple(session.run(["outputs", "embedding"], given))

    return answer
