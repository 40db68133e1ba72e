"""What a record must say so that its student can be used without the corpus it learnt from."""

from typing import Any, Literal

from pydantic import Field

from ...data.corpus import Corpus
from ...networks.backbones import weights_hash
from ...networks.models import Student
from ...networks.own import OwnNetwork, network_facts
from ...settings import Settings
from ...training.encoders import EncodedModality, EncoderStage


class BackboneFacts(Settings):
    """The frozen backbone of one prevalent modality."""

    name: str = Field(description="as the settings of backbones have it")
    trained: bool = Field(description="whether the record keeps its weights as a checkpoint")
    digest: str = Field(description="hash of its weights")
    features: tuple[int, ...] = Field(description="shape of what it gives for a sample")
    overall: float | None = Field(
        description="deviation of its features where each group's own were taken out; else null"
    )


class ModalityFacts(Settings):
    """One prevalent modality as the student is given it."""

    kind: str = Field(description="what a sample is")
    shape: tuple[int, ...] = Field(description="of a sample; of a frame where samples are windows")
    backbone: BackboneFacts | None = Field(None, description="null where it needs none")


class OwnFacts(Settings):
    """A student of the user's."""

    name: str = Field(description="its class")
    parameters: int = Field(description="how many numbers it holds, without the kit's head")
    as_mapping: bool = Field(description="whether it takes a mapping; else one modality alone")
    head: tuple[int, int] | None = Field(description="widths of the head that the kit added")


class StudentFacts(Settings):
    """Everything about a student that its weights do not tell."""

    modalities: dict[str, ModalityFacts]
    is_sequence: bool = Field(description="whether samples are windows of frames")
    form: Literal["pooled", "tokens"] = Field(description="what backbones give the encoders")
    tnets: dict[str, tuple[int, ...]] = Field(
        default_factory=dict, description="privileged modality -> shape of its hallucinated feature"
    )
    own: OwnFacts | None = Field(None, description="of a student of the user's; else null")


def student_facts(corpus: Corpus, encoders: EncoderStage, student: Any) -> dict[str, Any]:
    """The facts of a trained student, as JSON has them.

    Args:
        corpus: what the student reads: raw samples for one of the user's, else encoded ones.
        encoders: what became of raw modalities.
        student: after its training.
    """
    own = None
    if isinstance(student, OwnNetwork):
        head = student.head
        shown = network_facts(student.network)
        own = OwnFacts(
            name=shown["class"],
            parameters=shown["parameters"],
            as_mapping=student.as_mapping,
            head=None if head is None else (head.in_features, head.out_features),
        )
    modalities = {}
    for name in corpus.prevalent:
        encoded = None if own else encoders.encoded.get(name)
        shape = corpus.shape(name) if encoded is None else encoded.shape
        if corpus.is_sequence:
            shape = shape[1:]
        kind = corpus.kind(name) if encoded is None else encoded.kind
        backbone = (
            None
            if encoded is None
            else _backbone(encoded, corpus.shape(name)[corpus.is_sequence :])
        )
        modalities[name] = ModalityFacts(kind=kind, shape=shape, backbone=backbone)
    facts = StudentFacts(
        modalities=modalities,
        is_sequence=corpus.is_sequence,
        form=encoders.form,
        tnets=student.tnets.shapes if isinstance(student, Student) else {},
        own=own,
    )
    return facts.model_dump(mode="json")


def _backbone(encoded: EncodedModality, features: tuple[int, ...]) -> BackboneFacts:
    return BackboneFacts(
        name=encoded.name,
        trained=encoded.trained,
        digest=weights_hash(encoded.backbone),
        features=features,
        overall=encoded.overall,
    )
