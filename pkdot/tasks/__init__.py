"""Tasks: what a sample's answer is. Nothing outside this room asks which task it works on.

classification, ordinal    one of several classes; classes that are levels of one quantity
regression                 one or several real values
multilabel                 several labels, each of which holds or not
base                       what every task offers
score, groups, ranges      how a score is read; samples sorted by target, and by ranges of values
moments, plain_models      sums behind regression's scores; models of scikit-learn for each task

NumPy is enough to read a record; torch is imported inside the functions that train.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from ..errors import ConfigError
from .base import Selection, Tally, Task
from .classification import Classification
from .groups import TargetGroups
from .multilabel import Multilabel
from .ordinal import Ordinal
from .regression import Regression
from .score import Score

AnyTask = Annotated[Classification | Ordinal | Regression | Multilabel, Field(discriminator="kind")]
KINDS: dict[str, type[Task]] = {
    "classification": Classification,
    "ordinal": Ordinal,
    "regression": Regression,
    "multilabel": Multilabel,
}


@cache
def _any_task() -> TypeAdapter[Any]:
    """Built once: a list of records reads a task in each."""
    return TypeAdapter(AnyTask)


def read_task(values: Mapping[str, Any]) -> Task:
    """The task that :meth:`Task.model_dump` gave, as JSON has it.

    Raises:
        ConfigError: for values that make no task.
    """
    try:
        task: Task = _any_task().validate_python(dict(values))
    except (ValidationError, TypeError, ValueError) as error:
        raise ConfigError(f"These values make no task: {str(error).splitlines()[0]}.") from None
    return task


__all__ = [
    "KINDS",
    "AnyTask",
    "Classification",
    "Multilabel",
    "Ordinal",
    "Regression",
    "Score",
    "Selection",
    "Tally",
    "TargetGroups",
    "Task",
    "read_task",
]
