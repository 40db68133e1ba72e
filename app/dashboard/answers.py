"""What both networks answered on test samples, in the forms that a run's task has."""

from pkdot.record import RunRecord

from . import components, method_steps
from .figure_cache import figures

WHY = "one score hides where a network is wrong."


def show_answers(record: RunRecord) -> None:
    """Confusions where there are classes, answers over truth where there are values, and so on."""
    outputs = method_steps.test_outputs(record)
    if outputs is None:
        return
    task, style = outputs.task, components.figure_style(record.simulated)
    heading = "Answers on test samples"
    if task.class_names:
        components.panel(
            "A row is a true class; its cells say what its samples were taken for. On the diagonal "
            "the answer is right.",
            WHY,
            heading,
        )
        components.draw(lambda: figures.confusion_matrices(outputs, style=style), "confusion")
    if task.value_names:
        components.panel(
            "Each point is a test sample: to the right its true value, upwards the answer. On the "
            "dotted line the answer is right.",
            WHY,
            heading,
        )
        components.draw(lambda: figures.answered_values(outputs, style=style), "values")
    if len(task.names) > 1 and task.output_measures:
        components.panel(
            f"Each of the {components.plain(task.outputs_label)} by itself.",
            "a mean hides the one that no network can answer.",
            "" if task.value_names else heading,
        )
        components.draw(lambda: figures.answered_outputs(outputs, style=style), "outputs")
