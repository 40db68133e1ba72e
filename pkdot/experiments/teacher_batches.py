"""Teacher stages that train together, written where each student's cell finds its own."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import PkdotError
from ..keyed_cache import claimed
from ..training.context import StageContext
from ..training.controls import teacher_corpus
from ..training.encoders import EncoderStage
from ..training.many.teachers import train_teacher_stages
from .config import ExperimentConfig
from .corpora import experiment_corpus
from .experiment import drain, encode_corpus, make_fabric, stage_context
from .teacher_cache import Stage, is_kept, stage_key, stages_to_write


def teach(configs: Sequence[ExperimentConfig], folder: Path, most: int) -> None:
    """Train the stages of some configs that are not there yet, several as one.

    A stage that is refused, cannot train together with others, or is being trained by another
    process is left for the cell that asks for it.

    Args:
        configs: of teachers, in ``surroundings`` of their threads.
        folder: of teacher stages.
        most: members of a batch at most.
    """
    missing = {stage_key(c): c for c in configs if not is_kept(c, folder)}
    kinds: dict[str, list[ExperimentConfig]] = {}
    for config in missing.values():
        settings = (config.network.model_dump_json(), config.training.model_dump_json())
        kinds.setdefault("".join(settings), []).append(config)
    for alike in kinds.values():
        for start in range(0, len(alike), most):
            some = alike[start : start + most]
            if len(some) > 1:
                _teach_together(some, folder)


def _teach_together(configs: Sequence[ExperimentConfig], folder: Path) -> None:
    by_key = {stage_key(config): config for config in configs}
    with claimed(stages_to_write(folder), by_key) as claims:
        free = [by_key[key] for key in claims if not is_kept(by_key[key], folder)]
        _train_together(free, folder)


def _train_together(configs: Sequence[ExperimentConfig], folder: Path) -> None:
    ready: list[tuple[ExperimentConfig, EncoderStage, StageContext]] = []
    for config in configs:
        try:
            corpus = experiment_corpus(config, progress=False)
            fabric = make_fabric(config)
            encoded = drain(encode_corpus(config, corpus, fabric))
        except PkdotError:
            continue
        seen = teacher_corpus(config.control, encoded.corpus, config.network.teacher_sees)
        ready.append((config, encoded, stage_context(config, seen, fabric)))
    for place, shared in train_teacher_stages([context for *_, context in ready]):
        if not isinstance(shared, PkdotError):
            config, encoded, _ = ready[place]
            stage = Stage(encoded.corpus, shared, encoded.scores, encoded.test_outputs)
            stages_to_write(folder).keep(stage_key(config), stage)
