"""The book: each page has its place, nothing is fetched, and it builds without a warning."""

import json
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml

import pkdot
from tests.test_setup import EXTRAS, PROJECT, make, pins, requirements

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def extension(name: str) -> ModuleType:
    """A module of ``docs/_ext``, which is no package."""
    spec = spec_from_file_location(name, DOCS / "_ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


read_lesson = extension("lesson_reader").read
localise = extension("local_assets").localise
LESSONS = sorted((ROOT / "notebooks" / "lessons").glob("*.ipynb"))
REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)


def pages() -> list[Path]:
    """Every page that the book is made of, but its first."""
    texts = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("notebooks/lessons/*.md")]
    reports = [ROOT / "reports" / "README.md", *ROOT.glob("reports/benchmarks/*.md")]
    return [path for path in (*texts, *reports, *LESSONS) if path != DOCS / "index.md"]


def in_contents() -> list[str]:
    """The entries of all tables of contents, as paths without their endings."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```\{toctree\}\n(.*?)^```", text, flags=re.S | re.M):
        for line in block.splitlines():
            if line and not line.startswith(":"):
                name = re.sub(r"^.*<(.*)>$", r"\1", line)
                found.append(name[1:] if name.startswith("/") else f"docs/{name}")
    return found


# --- pages ----------------------------------------------------------------------------------------


def test_every_page_stands_once_in_the_contents() -> None:
    expected = [str(path.relative_to(ROOT).with_suffix("")) for path in pages()]
    assert Counter(in_contents()) == Counter(expected)


def test_the_reference_names_every_promise() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\.\. (?:auto\w+|py:data):: pkdot\.(\w+)$", text, flags=re.MULTILINE))
    assert named == set(pkdot.__all__)


def test_every_method_has_a_row() -> None:
    from pkdot.distillers import available_distillers

    table = (DOCS / "methods.md").read_text(encoding="utf-8").partition("## What each")[2]
    for name in available_distillers():
        assert f"`{name}`" in table, name


def test_the_citation_is_that_of_the_file_for_programs() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    (paper,) = citation["references"]
    text = (DOCS / "cite.md").read_text(encoding="utf-8")
    for said in (citation["title"], paper["title"], paper["url"].rpartition("/")[2]):
        assert said in text
    assert f"version = {{{PROJECT['version']}}}" in text
    for author in paper["authors"]:
        assert f"{author['family-names']}, {author['given-names']}" in " ".join(text.split())


# --- nothing is fetched ---------------------------------------------------------------------------


def test_the_settings_name_no_address() -> None:
    for path in (DOCS / "conf.py", *DOCS.glob("_static/*")):
        assert "://" not in path.read_text(encoding="utf-8"), path


def test_an_output_keeps_its_figure_and_fetches_nothing() -> None:
    library = "<script>/** plotly.js v3.1.0 */ var a = 1;</script>"
    figure = '<div id="f"></div><script>Plotly.newPlot("f")</script>'
    remote = (
        '<script src="https://x.org/MathJax.js?config=TeX"></script>'
        "<link rel=stylesheet href='//x.org/a.css'><img alt=b src=http://x.org/badge.svg>"
    )
    assert localise(remote + figure, "../") == figure
    local = [
        f'<script src="../../_static/{name}.js"></script>' for name in ("plotly.min", "figures")
    ]
    assert localise(library + figure, "../../") == "".join(local) + figure
    kept = '<img src="a.png"><script src="b.js"></script><a href="https://x.org">x</a>'
    assert localise(kept, "") == kept


# --- lessons --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_solutions_and_long_code_are_folded_and_the_short_pass_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    ours, shown = nbformat.reads(text, as_version=4), read_lesson(text, short=True)
    changed = 0
    for before, after in zip(ours.cells, shown.cells, strict=True):
        tags = before.metadata.get("tags", [])
        folded = "solution" in tags or before.source.count("\n") >= 35
        folded = folded and before.cell_type == "code"
        assert ("hide-input" in after.metadata.get("tags", [])) == folded
        changed += before.source != after.source
        if before.source != after.source:
            assert "short: bool = True" in after.source
    assert changed == 1
    as_it_is = read_lesson(text)
    assert [cell.source for cell in as_it_is.cells] == [cell.source for cell in ours.cells]


def test_a_short_pass_needs_the_parameter() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = 1")])
    with pytest.raises(ValueError, match="short: bool"):
        read_lesson(nbformat.writes(notebook), short=True)


# --- make -----------------------------------------------------------------------------------------


def test_the_book_installs_its_extra_under_the_pins_and_setup_does_not() -> None:
    recipe = make("-n", "-W", "pyproject.toml", "book").stdout
    assert '-c constraints.txt -e ".[book]"' in recipe
    assert "sphinx -c docs" in recipe
    assert "-W --keep-going" in recipe
    assert "nb_execution_mode=off" not in recipe
    assert "nb_execution_mode=off" in make("-n", "book", "QUICK=1").stdout
    assert '".[book]"' not in make("-n", "-W", "pyproject.toml", "setup").stdout
    assert '".[book]"' in make("-n", "-W", "pyproject.toml", "full").stdout
    for name, wanted in requirements(EXTRAS["book"]).items():
        (pin,) = pins()[name]
        assert wanted.contains(pin.version), name


# --- the whole book -------------------------------------------------------------------------------


class Page(HTMLParser):
    """What one page of the book links to, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.add(str(found["id"]))
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        page = tag == "link" and not re.search("stylesheet|icon", found.get("rel") or "")
        if tag in ("script", "link", "img", "iframe", "source", "video") and not page:
            address = found.get("src") or found.get("href")
            if address:
                self.loads.append(address)


def build(source: Path, out: Path, *settings: str) -> None:
    """Build, by default without executing; a warning is an error."""
    pytest.importorskip("sphinx", reason="make book installs Sphinx")
    settings = settings or ("nb_execution_mode=off",)
    command = [sys.executable, "-m", "sphinx", "-c", str(DOCS), "-W", "--keep-going", "-q"]
    answer = subprocess.run(
        [*command, "-E", *(f"-D{setting}" for setting in settings), str(source), str(out)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )
    assert answer.returncode == 0, answer.stderr[-5000:]


def parsed(out: Path) -> dict[Path, Page]:
    """Every page by its file."""
    return {p: Page(p.read_text(encoding="utf-8")) for p in out.rglob("*.html")}


def check_loads(out: Path, book: dict[Path, Page]) -> None:
    """What each page loads lies in the book."""
    for file, page in book.items():
        for address in page.loads:
            assert not REMOTE.match(address), f"{file.name} loads {address}"
            if not address.startswith("data:"):
                path = file.parent / unquote(urlsplit(address).path)
                assert path.is_file(), f"{file.name} loads {address}"
    for style in out.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(\s*[\"']?(?:https?:)?//", text), style


@pytest.mark.full
def test_the_book_builds_without_a_warning_and_opens_from_a_folder(tmp_path: Path) -> None:
    out = tmp_path / "html"
    build(ROOT, out)
    book = parsed(out)
    for name in (*in_contents(), "docs/index"):
        assert out / f"{name}.html" in book
    assert (out / "docs" / "index.html").is_file()
    assert 'url=docs/index.html"' in (out / "index.html").read_text(encoding="utf-8")
    check_loads(out, book)
    films = (out / "docs" / "films.html").read_text(encoding="utf-8")
    drawn = (DOCS / "_build" / "film" / "drawn").is_file()
    assert films.count("type make film") == (0 if drawn else 3)
    assert films.count(".webp") == (6 if drawn else 0)
    for file, page in book.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or link == "#":
                continue
            target = (file.parent / unquote(address.path)).resolve() if address.path else file
            assert target.is_file(), f"{file.relative_to(out)} links to {link}"
            if address.fragment and target in book:
                there = unquote(address.fragment) in book[target].ids
                assert there, f"{file.relative_to(out)} links to {link}"
    index = (out / "searchindex.js").read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex(")
    words = json.loads(index[len("Search.setIndex(") : index.rindex(")")])["terms"]
    assert {"anchor", "sinkhorn"} <= set(words)
    lesson = (out / "notebooks" / "lessons" / "04_transport.html").read_text(encoding="utf-8")
    assert "tex-svg-full.js" in lesson
    assert "Show the source" in lesson
    assert re.search(r"id=\"pkdot\.PKDOTLoss\"", (out / "docs" / "api.html").read_text("utf-8"))
    assert "data-theme=dark" in "".join(
        path.read_text(encoding="utf-8") for path in out.rglob("furo.css")
    )


@pytest.mark.full
def test_a_second_build_executes_nothing_and_keeps_what_slides_read(tmp_path: Path) -> None:
    source, out, ran = tmp_path / "source", tmp_path / "html", tmp_path / "ran"
    (source / "docs").mkdir(parents=True)
    (source / "notebooks" / "lessons").mkdir(parents=True)
    contents = "# Book\n\n```{toctree}\n/notebooks/lessons/one\n```\n"
    (source / "docs" / "index.md").write_text(contents, encoding="utf-8")
    code = f"print(open({str(ran)!r}, 'a').write('once'))"
    cells = [nbformat.v4.new_markdown_cell("# One"), nbformat.v4.new_code_cell(code)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=kernel),
        source / "notebooks" / "lessons" / "one.ipynb",
    )
    for _ in range(2):
        build(source, out, f"nb_execution_cache_path={tmp_path / 'cache' / 'now'}")
        executed = nbformat.read(
            tmp_path / "jupyter_execute" / "notebooks" / "lessons" / "one.ipynb", as_version=4
        )
        assert executed.cells[1].outputs[0].text == "4\n"
    assert ran.read_text() == "once"


@pytest.mark.full
def test_an_executed_lesson_shows_its_figures_from_the_books_own_plotly(
    tmp_path: Path, browser: Any
) -> None:
    import plotly.graph_objects as go
    import plotly.io as pio
    from plotly.offline import get_plotlyjs

    source, out = tmp_path / "source", tmp_path / "html"
    (source / "docs").mkdir(parents=True)
    (source / "notebooks" / "lessons").mkdir(parents=True)
    contents = "# Book\n\n```{toctree}\n/notebooks/lessons/one\n```\n"
    (source / "docs" / "index.md").write_text(contents, encoding="utf-8")
    figure = pio.to_html(
        go.Figure(go.Scatter(y=[1, 2]), {"width": 900, "paper_bgcolor": "#ffffff"}),
        full_html=False, include_plotlyjs=False, include_mathjax="cdn",
    )  # fmt: skip
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "Which?"}
    outputs = [
        nbformat.v4.new_output("display_data", {"text/html": f"<script>{get_plotlyjs()}</script>"}),
        nbformat.v4.new_output(
            "display_data", {"application/vnd.plotly.v1+json": {}, "text/html": figure}
        ),
        nbformat.v4.new_output("display_data", widget),
    ]
    cells = [
        nbformat.v4.new_markdown_cell("# One\n\n![badge](https://x.org/badge.svg)"),
        nbformat.v4.new_code_cell("1", outputs=outputs),
    ]
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=language),
        source / "notebooks" / "lessons" / "one.ipynb",
    )
    build(source, out)
    page = out / "notebooks" / "lessons" / "one.html"
    assert page.stat().st_size < 200_000
    text = page.read_text(encoding="utf-8")
    assert '<script src="../../_static/plotly.min.js"></script>' in text
    assert "Plotly.newPlot" in text
    assert "Which?" in text
    check_loads(out, parsed(out))

    context = browser.new_context(
        offline=True, color_scheme="dark", viewport={"width": 390, "height": 800}
    )
    shown, asked = context.new_page(), list[str]()
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(page.as_uri())
    for theme, paper in (("auto", "rgb(17, 22, 31)"), ("light", "rgb(255, 255, 255)")):
        shown.evaluate("theme => { document.body.dataset.theme = theme }", theme)
        shown.wait_for_function(
            "paper => getComputedStyle(document.querySelector('.main-svg')).background"
            ".includes(paper)",
            arg=paper,
        )
        drawn = shown.locator(".main-svg").first.bounding_box()
        assert 300 < drawn["width"] < 390
        assert drawn["x"] + drawn["width"] < 390
    assert all(address.startswith("file:") for address in asked)
