"""The common base of all settings: frozen, closed to unknown names, errors in one sentence."""

from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from .errors import ConfigError


class Settings(BaseModel):
    """A frozen pydantic model that refuses unknown names and non-finite numbers.

    Raises:
        ConfigError: one sentence that names the setting, what was given and what is expected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_sentence(type(self), error)) from None


def _sentence(kind: type[BaseModel], error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        known = list(kind.model_fields)
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}."
        return f"There is no setting {place!r}; {hint}"
    if isinstance(first.get("ctx", {}).get("error"), ConfigError):
        return str(first["ctx"]["error"])
    expected = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"Setting {place!r} is {first['input']!r}; it should be {expected}."
