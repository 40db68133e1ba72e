"""Questions before a reveal: chosen, left open, and shown where no widget can run."""

import pytest

from pkdot.course.questions import Question
from pkdot.errors import ConfigError


@pytest.fixture
def question() -> Question:
    return Question("Does it rise?", ["it rises", "it falls"], usual="it rises")


def test_an_open_question_counts_as_the_usual_answer(question: Question) -> None:
    assert question.is_open
    assert question.choice == "it rises"
    said = question.reveal("it falls", "From 3 to 2.")
    assert not said.right
    assert "Nobody chose" in said.text
    assert "From 3 to 2." in said.text


def test_a_choice_is_kept_and_final(question: Question) -> None:
    question.buttons.value = "it falls"
    said = question.reveal("it falls", "From 3 to 2.")
    assert said.right
    assert "You said “it falls”" in said.text
    assert question.buttons.disabled


def test_it_is_a_widget_and_words(question: Question) -> None:
    shown = question._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"].splitlines() == ["Does it rise?", "  ( ) it rises", "  ( ) it falls"]


def test_an_answer_must_be_a_choice(question: Question) -> None:
    with pytest.raises(ConfigError, match="none of the choices"):
        question.reveal("it stays", "")
    with pytest.raises(ConfigError, match="none of the choices"):
        Question("Does it rise?", ["yes", "no"], usual="maybe")
