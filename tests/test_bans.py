"""What no line of ours may do: run what data say, or write past the guard of whole files."""

import ast
from collections.abc import Iterator

import pytest

from tests.test_ranks import sources

PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "shelve"}
RENAMES = {"rename", "renames", "replace"}
GUARD = "pkdot.atomic_files"
"""The one module that renames."""


def offences(module: str, source: str) -> Iterator[tuple[int, str]]:
    """Line and reason of everything in a source that is banned."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            of = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            if PICKLES & {name.split(".")[0] for name in [*names, of]}:
                yield node.lineno, "unpickling runs what a file says"
            if of == "os" and RENAMES & set(names):
                yield node.lineno, "only atomic_files renames"
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "a bare except also catches Ctrl-C"
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, why) for why in _of_call(module, node))
    if "unsafe_allow_html" in source or "unsafe_allow_javascript" in source:
        yield 0, "HTML of a record would run in the page"


def _of_call(module: str, call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    bare = call.func.id if isinstance(call.func, ast.Name) else ""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    given = {word.arg: word.value for word in call.keywords}
    if bare in ("eval", "exec") or (name in ("eval", "exec") and _is(owner, "builtins")):
        yield "eval runs what data say"
    if name == "eval" and (call.args or (isinstance(owner, ast.Name) and owner.id == "pd")):
        yield "eval runs what data say"  # a network's eval() takes no argument
    if _is(owner, "torch") and name == "load" and not _constant(given.get("weights_only"), True):
        yield "torch.load unpickles unless weights_only=True"
    if _constant(given.get("weights_only"), False) or _constant(given.get("allow_pickle"), True):
        yield "unpickling runs what a file says"
    if name == "read_pickle" or (_is(owner, "joblib") and name == "load"):
        yield "unpickling runs what a file says"
    if _is(owner, "yaml") and name in ("load", "unsafe_load", "full_load"):
        yield "yaml.load builds any object; use safe_load"
    if _constant(given.get("shell"), True) or (_is(owner, "os") and name in ("system", "popen")):
        yield "a shell runs what names say"
    if module == GUARD:
        return
    # str.replace takes two texts, Path.replace one path; data frames rename by keywords
    one_path = name == "replace" and len(call.args) == 1 and not _is_dataclass(call)
    if one_path or (name == "rename" and not given) or (_is(owner, "os") and name in RENAMES):
        yield "only atomic_files renames"
    if name in ("write_text", "write_bytes") and not _is(owner, "aside"):
        yield "a file appears whole or not at all: write it through atomic_files"


def _is(node: ast.expr | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_dataclass(call: ast.Call) -> bool:
    """``dataclasses.replace(one, field=…)`` makes a copy and renames nothing."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return bool(call.keywords) or _is(owner, "dataclasses")


def _constant(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


@pytest.mark.slow
def test_no_line_does_what_is_banned() -> None:
    found = [
        f"{place}:{line}: {why}"
        for place, module, source in sources()
        for line, why in offences(module, source)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from pickle import loads",
        "def f():\n    import dill",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "pd.read_pickle(path)",
        "joblib.load(path)",
        "eval(text)",
        "exec(text)",
        "frame.eval('a + b')",
        "st.markdown(text, unsafe_allow_html=True)",
        "try:\n    pass\nexcept:\n    pass",
        "os.replace(a, b)",
        "os.rename(a, b)",
        "from os import replace",
        "aside.replace(path)",
        "folder.rename(target)",
        "yaml.load(text)",
        "subprocess.run(text, shell=True)",
        "os.system(text)",
        "path.write_text(text)",
        "Path('x').write_bytes(content)",
    ],
)
def test_what_is_banned_is_noticed(line: str) -> None:
    assert list(offences("pkdot.record.reader", line))


@pytest.mark.parametrize(
    "line",
    [
        "network.eval()",
        "write_text(path, text)",
        "aside.write_bytes(content)",
        "text.replace('a', 'b')",
        "dataclasses.replace(split, test=rows)",
        "replace(split, test=rows)",
        "frame.rename(columns={'a': 'b'})",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=False)",
        "try:\n    pass\nexcept Exception:\n    pass",
    ],
)
def test_what_is_allowed_is_let_through(line: str) -> None:
    assert not list(offences("pkdot.record.reader", line))
