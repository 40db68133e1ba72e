"""What Sphinx lacks for this book: pages that fetch nothing, links to files, a page to open."""

import json
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from jupyter_cache import get_cache
from local_assets import FIGURES, localise
from sphinx import addnodes
from sphinx.application import Sphinx

from pkdot.course.slides.page import night_colours

_BAR = re.compile(r"(?<![\\`])\|(?=[^`]*(?:`[^`]*`[^`]*)*$)")
_COLUMNS = re.compile(r"^\s*\S.*?\S {2,}\S", re.MULTILINE)


def keep_local(app: Sphinx, doctree: nodes.document) -> None:
    """Leave out what a page would fetch: scripts and styles of outputs, pictures from elsewhere."""
    up = "../" * app.env.docname.count("/")
    for raw in list(doctree.findall(nodes.raw)):
        if raw.get("format") == "html":
            raw.replace_self(nodes.raw("", localise(raw.astext(), up), **raw.attributes))
    for image in list(doctree.findall(nodes.image)):
        if "://" in image["uri"]:
            image.replace_self(nodes.inline("", image.get("alt", "")))


def name_what_is_not_drawn(app: Sphinx, doctree: nodes.document) -> None:
    """Where a film has not been drawn, its place says how to draw it."""
    page = Path(app.srcdir) / app.env.docname
    for image in list(doctree.findall(nodes.image)):
        if image["uri"].startswith("_build/film/") and not (page.parent / image["uri"]).is_file():
            words = "This film has not been drawn yet; type make film."
            if "only-light" in image["classes"]:  # once for both themes
                image.parent.insert(image.parent.index(image), nodes.paragraph("", words))
            image.parent.remove(image)


def link_to_files(app: Sphinx, doctree: nodes.document) -> None:
    """Files that are no page become downloads; a folder, which cannot, becomes its name."""
    for link in list(doctree.findall(addnodes.pending_xref)):
        if link["reftype"] != "myst":
            continue
        target = link["reftarget"]
        if link["refdomain"] == "doc" and target not in app.env.found_docs:
            file = f"/{target}{_suffix(Path(app.srcdir) / target)}"
            download = addnodes.download_reference("", "", reftarget=file, refdoc=app.env.docname)
            download += link.children
            link.replace_self(download)
        elif not link["refdomain"] and not target.startswith("#"):
            _, path = app.env.relfn2path(target, app.env.docname)
            if Path(path).is_dir():
                link.replace_self(nodes.literal("", link.astext()))


def _suffix(path: Path) -> str:
    """Of the file that a page of this name would have been made from."""
    return next(s for s in (".ipynb", ".md") if path.with_name(path.name + s).is_file())


def read_docstring(app: Sphinx, what: str, *rest: Any) -> None:
    """Bars of absolute values are no marks; paragraphs that a module sets in columns stay so."""
    lines = rest[-1]
    lines[:] = [_BAR.sub(r"\\|", line) for line in lines]
    if what != "module":
        return
    paragraphs = "\n".join(lines).split("\n\n")
    lines[:] = "\n\n".join(
        _as_it_is(part) if _COLUMNS.search(part) else part for part in paragraphs
    ).split("\n")


def read_signature(app: Sphinx, what: str, *rest: Any) -> tuple[str | None, str | None]:
    """A default that is made anew for each object has no value; its name would be no Python."""
    signature, returned = rest[-2:]
    return signature and signature.replace("<factory>", "..."), returned


def _as_it_is(paragraph: str) -> str:
    plain = paragraph.replace("``", "").replace(r"\|", "|")
    return ".. code-block:: text\n\n" + re.sub("^", "    ", plain, flags=re.MULTILINE)


def open_here(app: Sphinx, exception: Exception | None) -> None:
    """``index.html`` in the book's folder leads to its first page, which lies in ``docs``."""
    if exception is None and app.builder.format == "html":
        page = f"{app.config.root_doc}.html"
        (Path(app.outdir) / "index.html").write_text(
            f'<!doctype html><meta charset="utf-8"><title>{app.config.project}</title>'
            f'<meta http-equiv="refresh" content="0; url={page}"><a href="{page}">The book</a>\n',
            encoding="utf-8",
        )


def write_figures(app: Sphinx, exception: Exception | None) -> None:
    """What figures do in the book, with the colours that they have by night."""
    if exception is None and app.builder.format == "html":
        colours = f"const pkdotNight = {json.dumps(night_colours())};\n"
        script = Path(__file__).with_name(FIGURES).read_text(encoding="utf-8")
        (Path(app.outdir) / "_static" / FIGURES).write_text(colours + script, encoding="utf-8")


def keep_executed(app: Sphinx, exception: Exception | None) -> None:
    """MyST-NB writes a lesson that it had in its cache without its outputs; slides need them."""
    if exception is None and app.config.nb_execution_mode == "cache":
        cache = get_cache(app.config.nb_execution_cache_path)
        for path in (Path(app.outdir).parent / "jupyter_execute").rglob("*.ipynb"):
            notebook = nbformat.read(path, as_version=4)
            if not any(cell.get("outputs") for cell in notebook.cells):
                with suppress(KeyError):  # one of a page that is no more
                    nbformat.write(cache.merge_match_into_notebook(notebook)[1], path)


def forget_older(app: Sphinx, exception: Exception | None) -> None:
    """Lessons that older code executed are of no more use, once all are executed anew."""
    if exception is None and app.config.nb_execution_mode == "cache":
        kept = Path(app.config.nb_execution_cache_path)
        for folder in kept.parent.iterdir():
            if folder != kept:
                shutil.rmtree(folder)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect all of it; before Sphinx collects images and downloads."""
    app.connect("doctree-read", keep_local, priority=100)
    app.connect("doctree-read", name_what_is_not_drawn, priority=100)
    app.connect("doctree-read", link_to_files, priority=100)
    app.connect("autodoc-process-docstring", read_docstring)
    app.connect("autodoc-process-signature", read_signature)
    app.connect("build-finished", open_here)
    app.connect("build-finished", write_figures)
    app.connect("build-finished", keep_executed)
    app.connect("build-finished", forget_older)
    # One more where pages that were read before must be read again.
    return {"env_version": 3, "parallel_read_safe": True, "parallel_write_safe": True}
