"""How the book reads a lesson: solutions and long code are folded, a short pass is possible."""

import nbformat

LONGEST = 35
"""Lines of code that a page shows; more would be a page without a picture."""

_LONG, _SHORT = "short: bool = False", "short: bool = True"


def read(text: str, short: bool = False) -> nbformat.NotebookNode:
    """A lesson as the book shows it.

    Args:
        text: the notebook.
        short: execute it with small sizes.

    Raises:
        ValueError: for a short pass of a notebook that has no such parameter.
    """
    notebook = nbformat.reads(text, as_version=4)
    found = False
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        long = cell.cell_type == "code" and len(cell.source.splitlines()) > LONGEST
        if "solution" in tags or long:
            cell.metadata["tags"] = [*tags, "hide-input"]
        if short and "parameters" in tags and _LONG in cell.source:
            cell.source, found = cell.source.replace(_LONG, _SHORT), True
    if short and not found:
        raise ValueError(f"No cell with the tag `parameters` says `{_LONG}`.")
    return notebook
