"""The common base of all settings: frozen, closed to unknown names, errors in one sentence."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .errors import ConfigError


class Settings(BaseModel):
    """A frozen pydantic model that refuses unknown names, non-finite numbers and true for 1.

    Class attributes:
        late: settings that :meth:`on_record` leaves out where they have their default, so that
            hashes and records of before they came stay what they were.

    Raises:
        ConfigError: one sentence that names the setting, what was given and what is expected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    late: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_sentence(type(self), error)) from None

    # pydantic would read true as 1; its strict mode would also refuse a list for a tuple, which
    # is how JSON writes one.
    @model_validator(mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, values: Any) -> Any:
        for name, value in values.items() if isinstance(values, dict) else ():
            kinds = _kinds(cls.model_fields[name].annotation) if name in cls.model_fields else set()
            if not kinds & {int, float} or bool in kinds:
                continue
            items = value if isinstance(value, list | tuple) else [value]
            if any(isinstance(item, bool) for item in items):
                raise ConfigError(
                    f"Setting {name!r} is {value!r}; it should be a number, not true or false."
                )
        return values

    def on_record(self, beside: Collection[str] = ()) -> dict[str, Any]:
        """The settings as JSON has them, for records and keys; of late ones what was chosen.

        Args:
            beside: names to leave out.
        """
        values = self.model_dump(mode="json", exclude=set(beside))
        for name in tuple(values):
            own = getattr(self, name)
            if name in self.late and own == type(self).model_fields[name].get_default(
                call_default_factory=True
            ):
                del values[name]
            elif isinstance(own, Settings):
                values[name] = own.on_record()
        return values


def flatten(values: Mapping[str, Any], *, groups: bool = False, prefix: str = "") -> dict[str, Any]:
    """Nested settings by their dotted names, e.g. ``network.dropout``.

    Args:
        values: mappings within mappings.
        groups: whether the inner mappings stand in the result too, each before its members.
        prefix: what every name begins with.
    """
    flat: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, Mapping)
        if groups or not nested:
            flat[prefix + name] = value
        if nested:
            flat |= flatten(value, groups=groups, prefix=f"{prefix}{name}.")
    return flat


def _kinds(annotation: Any) -> set[type]:
    """The classes that an annotation is made of, e.g. float and NoneType of ``float | None``."""
    inner = get_args(annotation)
    if inner:
        return set().union(*map(_kinds, inner))
    return {annotation} if isinstance(annotation, type) else set()  # a constraint is no class


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
