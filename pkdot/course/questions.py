"""A question to commit to before the reveal."""

import html
from collections.abc import Sequence
from typing import Any

from ..errors import ConfigError
from .exercises import Said


class Question:
    """A question with choices; in a running notebook, buttons to choose one.

    Unattended, or left open, it counts as answered by ``usual``.

    Args:
        text: the question.
        choices: two or more.
        usual: the choice that many make at first.

    Raises:
        ConfigError: if ``usual`` is none of the choices, or ipywidgets is not installed.
    """

    def __init__(self, text: str, choices: Sequence[str], usual: str) -> None:
        self.text, self.choices, self.usual = text, tuple(choices), usual
        self._check(usual)
        try:
            import ipywidgets
        except ImportError:
            raise ConfigError(
                "The questions of the lessons need ipywidgets: pip install 'pkdot[notebooks]'."
            ) from None
        wide = {"width": "max-content", "max_width": "100%"}
        self.buttons = ipywidgets.RadioButtons(options=self.choices, value=None, layout=wide)
        self.widget = ipywidgets.VBox(
            [
                ipywidgets.HTML(f"<b>{html.escape(text)}</b> Choose before you read on."),
                self.buttons,
            ]
        )

    def _check(self, choice: str) -> None:
        if choice not in self.choices:
            raise ConfigError(f"{choice!r} is none of the choices: {', '.join(self.choices)}.")

    @property
    def is_open(self) -> bool:
        """Whether nobody has chosen."""
        return self.buttons.value is None

    @property
    def choice(self) -> str:
        """What was chosen, or ``usual``."""
        return self.usual if self.buttons.value is None else str(self.buttons.value)

    def reveal(self, answer: str, because: str) -> Said:
        """Say what was chosen and what came out; the choice is then final.

        Args:
            answer: the choice that the experiment supports.
            because: the number that says so.

        Raises:
            ConfigError: if ``answer`` is none of the choices.
        """
        self._check(answer)
        self.buttons.disabled = True
        right = self.choice == answer
        if self.is_open:
            said = f"Nobody chose; many say “{self.usual}”."
        else:
            said = f"You said “{self.choice}”."
        return Said(f"{said} It came out as **{answer}**. {because}", right)

    def __repr__(self) -> str:
        return "\n".join([self.text, *(f"  ( ) {choice}" for choice in self.choices)])

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The widget; where none can run, the question in words."""
        shown = self.widget._repr_mimebundle_(**options)
        shown = dict(shown[0] if isinstance(shown, tuple) else shown)
        return {**shown, "text/plain": repr(self)}
