"""Everything that one experiment depends on, in one frozen object with a stable hash."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from ..data import Corpus, CorpusSettings, DigitsSettings, PairingSettings
from ..distillers import available_distillers, parse_method
from ..errors import ConfigError
from ..keyed_cache import short_hash
from ..networks.backbones import BackboneSettings
from ..networks.settings import ALONE, NetworkSettings
from ..settings import Settings, flatten
from ..training.controls import Control
from ..training.settings import TrainingSettings
from .presets import Difference, differences, preset_changes

__all__ = ["ExperimentConfig"]

PLACES = frozenset({"device", "keep_features", "media"})
"""Settings that say where it runs and what it keeps, and so are no part of an experiment's hash."""

RECORDED = frozenset({"probe_size", "maps", "snapshot_growth"})
"""Settings that change what a record shows of a training, and no score."""


class ExperimentConfig(Settings):
    """One experiment: corpus, method, networks, training, seed.

    ``options`` is filled up with each method's defaults, so that two ways of writing the same
    experiment are equal and hash alike.

    Raises:
        ConfigError: one sentence for an unknown name, a wrong type or a value out of range.
    """

    data: CorpusSettings = Field(default_factory=DigitsSettings)
    pairing: PairingSettings = Field(default_factory=PairingSettings)
    method: str = Field("pkdot", description="distiller, or several joined by '+'")
    options: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="distiller -> its own settings, e.g. pkdot -> k"
    )
    control: Control = Field(
        "none", description="one thing about the teacher taken away, to see what a gain rests on"
    )
    backbones: BackboneSettings = Field(default_factory=BackboneSettings)
    keep_features: bool = Field(
        True, description="keep features of frozen backbones in the cache folder, for other runs"
    )
    network: NetworkSettings = Field(default_factory=NetworkSettings)
    training: TrainingSettings = Field(default_factory=TrainingSettings)
    seed: int = Field(0, ge=0, description="of split, noise, weights and batches")
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = "32-true"
    threads: int = Field(
        1, ge=1, description="torch's threads; small networks are fastest with one"
    )
    probe_size: int = Field(200, ge=4, description="test samples followed through training")
    snapshot_growth: float = Field(
        1.25, gt=1, description="each logged epoch is about so many times the one before"
    )
    media: bool | None = Field(
        None,
        description="keep pictures of the probe samples in the record; null: only where the data "
        "may be passed on",
    )
    maps: tuple[Literal["pca", "umap"], ...] = Field(
        ("pca",), description="projections to compute when training ends"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_defaults(cls, values: Any) -> Any:
        data = values.get("data") if isinstance(values, dict) else None
        if isinstance(data, Mapping) and "name" not in data:
            values = {**values, "data": {"name": "digits", **data}}
        if not isinstance(values, dict) or not isinstance(values.get("method", "pkdot"), str):
            return values
        options = values.get("options") or {}
        if not isinstance(options, Mapping):
            return values
        for name, own in options.items():
            if not isinstance(own, Mapping):
                raise ConfigError(
                    f"Setting 'options.{name}' is {own!r}; it should be a group of settings, "
                    f"e.g. options.{name}.weight."
                )
        names = parse_method(values.get("method", "pkdot"))
        for name in options:
            if name not in names:
                raise ConfigError(
                    f"Options were given for {name!r}, which is no part of the method "
                    f"{'+'.join(names)!r}; leave them out or add it to the method."
                )
        methods = available_distillers()
        filled = {n: methods[n].settings(**options.get(n, {})).model_dump() for n in names}
        return {**values, "method": "+".join(names), "options": filled}

    @model_validator(mode="after")
    def _anchors_fit_the_batch(self) -> Self:
        k = self.anchors_in_batch
        if k >= self.training.batch_size:
            raise ConfigError(
                f"k = {k} anchors need a batch of more than {k} samples; "
                f"training.batch_size is {self.training.batch_size}."
            )
        return self

    @model_validator(mode="after")
    def _teacher_sees_its_recordings(self) -> Self:
        if self.pairing.unpaired and self.network.teacher_sees != "privileged":
            raise ConfigError(
                f"pairing.unpaired is {self.pairing.unpaired}, so some recordings are the "
                f"teacher's alone and have no prevalent modality; set network.teacher_sees to "
                f"'privileged'."
            )
        if self.control == "no_privileged" and self.network.teacher_sees == "privileged":
            raise ConfigError(
                "The control 'no_privileged' hides what a teacher with network.teacher_sees "
                "'privileged' sees; choose another control, or let it see 'all'."
            )
        return self

    @model_validator(mode="after")
    def _maps_can_be_drawn(self) -> Self:
        if "umap" in self.maps and find_spec("umap") is None:
            raise ConfigError("UMAP maps need umap-learn: pip install 'pkdot[maps]', or maps pca.")
        if "umap" in self.maps and self.probe_size < 8:
            raise ConfigError(f"UMAP needs at least 8 probe samples, not {self.probe_size}.")
        return self

    @classmethod
    def of(cls, given: "ExperimentConfig | Mapping[str, Any] | None") -> "ExperimentConfig":
        """A config from a config, or from a mapping as JSON has one; the default one for None.

        Args:
            given: a mapping may hold groups (``{"network": {"dropout": 0.1}}``), dotted names
                (``{"network.dropout": 0.1}``) or both.

        Raises:
            ConfigError: for anything else, and as the constructor does.
        """
        if isinstance(given, ExperimentConfig):
            return given
        if given is None:
            return cls()
        if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
            shown = "a mapping with other keys" if isinstance(given, Mapping) else repr(given)
            raise ConfigError(
                f"An experiment is an ExperimentConfig or a mapping from the names of settings to "
                f"values, not {shown[:80]}; give for instance {{'seed': 1}}."
            )
        return cls().changed(given)

    @classmethod
    def preset(
        cls, name: str, changes: Mapping[str, Any] | None = None, *, profile: str = "quick"
    ) -> "ExperimentConfig":
        """An experiment of the paper, on BioVid or on Aff-Wild2.

        Args:
            name: ``released`` (the public script on BioVid, leaks and all), ``paper`` (its numbers
                with trained T-Net, shared anchors and grouped folds) or ``default`` (the kit's
                own).
            changes: dotted settings on top, as for :meth:`changed`; with ``data.name`` affwild2
                the preset is the one of that corpus.
            profile: ``quick`` (small backbones, for a laptop) or ``full`` (R3D-18 with Kinetics
                weights and a ResNet-18 on spectrograms, for a GPU; on Aff-Wild2 a ResNet-18 each
                on crops and spectrograms).

        Raises:
            ConfigError: for an unknown preset, profile or setting.
        """
        own = dict(changes or {})
        data = dict(own.pop("data", {}))  # first, as dotted settings of the data go into it
        data.setdefault("name", own.get("data.name", "biovid"))
        corpus = data["name"] if data["name"] == "affwild2" else "biovid"
        base = cls(data={"name": corpus, **(data if data["name"] == corpus else {})})
        base = base.changed(preset_changes(name, profile, corpus))
        return base.changed({**({} if data["name"] == corpus else {"data": data}), **own})

    @staticmethod
    def released_differences() -> list[Difference]:
        """What the preset ``released`` does otherwise than ``paper``, and what it cannot redo."""
        forms = [ExperimentConfig.preset(name).model_dump() for name in ("released", "paper")]
        return differences(*forms)

    @property
    def hash(self) -> str:
        """12 hexadecimal digits that depend on every setting that can change a number.

        Where it runs and what it keeps does not count.
        """
        return short_hash(self.on_record(PLACES), digits=12)

    def on_record(self, beside: Collection[str] = ()) -> dict[str, Any]:
        """As for all settings; a pairing that changes no data is left out whole."""
        values = super().on_record(beside)
        if not self.pairing.changes_data:
            values.pop("pairing", None)
        if "options" in values:
            methods = available_distillers()
            values["options"] = {
                name: methods[name].settings(**own).on_record()
                for name, own in self.options.items()
            }
        return values

    @property
    def anchors_in_batch(self) -> int:
        """The most anchors that a part of the method picks from a batch; 0 where none does."""
        methods = available_distillers()
        own = [methods[name].settings(**options) for name, options in self.options.items()]
        return max(settings.anchors_in_batch() for settings in own)

    @property
    def student_is_alone(self) -> bool:
        """Whether the student takes nothing at all from the teacher."""
        from_teacher = self.network.student_encoder == "copied" or self.network.tnet != "none"
        return self.method == "none" and not from_teacher

    def for_corpus(self, corpus: Corpus) -> "ExperimentConfig":
        """The same experiment on a corpus in memory."""
        given = {"name": "given", "corpus": corpus.name, "fingerprint": corpus.fingerprint}
        return ExperimentConfig(**{**self.model_dump(), "data": given})

    def changed(self, changes: Mapping[str, Any]) -> "ExperimentConfig":
        """A copy with some settings changed, named by dotted paths.

        Args:
            changes: e.g. ``{"seed": 3, "network.dropout": 0.1, "options.pkdot.k": 10}``.

        Raises:
            ConfigError: as the constructor does.
        """
        values = self.model_dump()
        if changes.get("data.name", self.data.name) != self.data.name:
            values["data"] = {}
        if "method" in changes:
            keep = parse_method(str(changes["method"]))
            values["options"] = {n: o for n, o in values["options"].items() if n in keep}
        if changes.get("network.teacher_sees", "all") != "all":
            for name in ALONE:  # as they come with it
                values["network"].pop(name)
        for path, value in changes.items():
            if path not in flatten(values, groups=True) and "." not in path:
                raise ConfigError(_no_such_setting(path, values))
            *folders, name = path.split(".")
            place = values
            for folder in folders:
                place = place.setdefault(folder, {}) if isinstance(place, dict) else {}
                if not isinstance(place, dict):
                    raise ConfigError(f"There is no setting {path!r}.")
            place[name] = value
        return ExperimentConfig(**values)


def _no_such_setting(name: str, values: Mapping[str, Any]) -> str:
    known = list(flatten(values, groups=True))
    ends = [path for path in known if path.rsplit(".", 1)[-1] == name]
    close = ends or get_close_matches(name, known, n=1)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "see run --settings."
    return f"There is no setting {name!r}; {hint}"
