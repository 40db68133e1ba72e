"""The teacher's pages: plans add up, answers come out, commands and grids are understood."""

import math
import re
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
import torch

import pkdot
from pkdot.__main__ import parser
from pkdot.commands.experiment_arguments import config_of
from pkdot.evidence.studies import find_studies
from pkdot.experiments.cells import check_arm
from pkdot.experiments.grid_file import arms_of, base_of, bases_of, places_of, read_grid
from pkdot.method.transport import exact_transport, squared_cost
from pkdot.tasks import Classification

ROOT = Path(__file__).parents[2]
QUIZ, TEACHING, PROJECTS = (
    (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    for name in ("quiz", "teaching", "projects")
)
LESSONS = {
    int(path.name[:2]): path.read_text(encoding="utf-8")
    for path in (ROOT / "notebooks" / "lessons").glob("*.ipynb")
}

# --- the quiz -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """Letter -> choice; the right letter; letter -> the misconception behind it."""

    choices: dict[str, str]
    right: str
    misconceptions: dict[str, str]


def questions_of(text: str) -> dict[str, Question]:
    """Number, such as ``2.10``, -> question."""
    found = {}
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        number = section.split()[0]
        shown, folded = section.split("<details><summary>Answer</summary>\n\n")
        answer, rest = folded.split("\n</details>\n")
        assert "**" not in rest, f"{number} shows something after its answer"
        (right,) = re.findall(r"^\*\*([A-Z])\*\* is right", answer, re.MULTILINE)
        found[number] = Question(
            dict(re.findall(r"^- \*\*([A-Z])\*\* (.+)$", shown, re.MULTILINE)),
            right,
            dict(re.findall(r"^- \*\*([A-Z])\*\*: (.+)$", answer, re.MULTILINE)),
        )
    return found


QUESTIONS = questions_of(QUIZ)


def test_each_part_has_ten_questions() -> None:
    assert list(QUESTIONS) == [f"{part}.{n}" for part in range(1, 5) for n in range(1, 11)]


@pytest.mark.parametrize("number", QUESTIONS)
def test_a_question_has_one_right_answer_and_a_reason_for_each_wrong_one(number: str) -> None:
    question = QUESTIONS[number]
    assert list(question.choices) == ["A", "B", "C", "D"]
    assert len(set(question.choices.values())) == 4
    assert set(question.misconceptions) == set("ABCD") - {question.right}
    assert len(set(question.misconceptions.values())) == 3


@pytest.mark.parametrize("part", range(1, 5))
def test_no_letter_is_right_too_often(part: int) -> None:
    right = [q.right for number, q in QUESTIONS.items() if number.startswith(f"{part}.")]
    assert min(map(right.count, "ABCD")) >= 2
    assert max(map(right.count, "ABCD")) <= 4


def rows(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


def cosine(*vectors: tuple[float, float]) -> float:
    return float(pkdot.cosine_similarity_matrix(torch.tensor(vectors, dtype=torch.float64))[0, 1])


def cheapest(teacher: torch.Tensor, student: torch.Tensor) -> float:
    return float(exact_transport(squared_cost(teacher, student)).value)


def large_epsilon(teacher: torch.Tensor, student: torch.Tensor) -> float:
    return float(pkdot.sinkhorn_divergence(teacher, student, blur=100.0))


def worked_out() -> dict[str, tuple[float, ...]]:
    """Number -> the four choices: the right one by the kit, the wrong ones by their mistakes."""
    swapped = rows(0, 1, 3), rows(0, 3, 1)
    return {
        "1.2": (2 * 1, 2 / 2, 1 / 2, cosine((2, 0), (1, 1))),
        "1.4": (4 * 4, math.comb(4, 2), 4 * 3, 4 * 5 / 2),
        "1.7": (3 / 5, 4 / 6, 2 / 5, 3),
        "2.1": (0.2**2 + 0.4**2, math.hypot(0.2, 0.4), 0.5 * (0.2**2 + 0.4**2), 0.5 * (0.2 + 0.4)),
        "2.3": (1 / 5, float(pkdot.sinkhorn(torch.eye(5), epsilon=1e6).plan[0, 0]), 1, 0),
        "2.4": (
            float(squared_cost(*swapped).diagonal().mean()),
            2 * float(squared_cost(*swapped).diagonal().mean()),
            float(squared_cost(*swapped)[1, 1]),
            cheapest(*swapped),
        ),
        "2.6": (0.5 - 0.3 - 0.1, 0.5 - 0.3 / 2, 0.5 - 0.3 / 2 - 0.1 / 2, 0.5 + 0.3 / 2 + 0.1 / 2),
        "2.9": (0.7 + 0.05, 0.7 + 0.6 * 0.05, 0.6 * (0.7 + 0.05), 0.6 * 0.7 + 0.05),
        "2.10": (
            0,
            float(squared_cost(rows(1, 3), rows(0, 0)).mean()),
            large_epsilon(rows(1, 3), rows(0, 0)),
            (2 - 0) ** 2,
        ),
        "3.2": (2 / 8, 8 / 2, 8 - 2, 1 - 2 / 8),
        "3.5": (
            (4 * 0.9 - 0.1) / (4 + 1),
            (0.9 - 0.1) / 2,
            (2 * 0.9 - 0.1) / (2 + 1),
            0.9 - 0.1,
        ),
        "3.6": ((2 + 6) / 2, 0.25 * 2 + 0.75 * 6, 2 + 6, 0.75 * 2 + 0.25 * 6),
        "3.7": (2 + 3 + 1, (2 + 3 + 1) / 3, 61 - 40, 53 - 50),
        "3.8": (100 * 2 / 5, 5 - 2, 100 * (5 - 2) / 5, 100),
        "3.9": ((64 - 60) / (80 - 60), 64 / 80, 4 / 80, 4 / 60),
        "4.2": (0, 2 * 1 + 1 * 2, 1, cosine((2, 1), (1, 2))),
        "4.6": (30, 128, 128 * 128, 128 * 30),
        "4.8": (
            float(torch.tensor([2.5]).softmax(0)[0]),
            2.5,
            1 / (1 + math.exp(-2.5)),
            math.exp(2.5),
        ),
    }


def test_numbers_of_the_quiz_come_out() -> None:
    for number, choices in worked_out().items():
        printed = [float(choice.split()[0]) for choice in QUESTIONS[number].choices.values()]
        assert printed == pytest.approx(choices, abs=0.0051), number


def test_anchors_and_forced_mass_of_the_quiz_come_out() -> None:
    angle = torch.tensor([0.0, 60.0, 90.0, 180.0], dtype=torch.float64).deg2rad()
    similarity = pkdot.cosine_similarity_matrix(torch.stack([angle.cos(), angle.sin()], 1))
    chosen = sorted((pkdot.select_anchors(similarity, 2, "shared") + 1).tolist())
    question = QUESTIONS["1.8"]
    assert question.choices[question.right] == f"Samples {chosen[0]} and {chosen[1]}."
    forced = cheapest(rows(0, 0, 0, 1), rows(0, 0, 1, 1)) / 0.5  # a move of 1 costs ½
    question = QUESTIONS["4.1"]
    assert forced == pytest.approx(1 / 4)
    assert question.choices[question.right] == "¼"
    shuffled = pkdot.sinkhorn_divergence(rows(0, 1, 3), rows(3, 0, 1), blur=0.1)
    assert float(shuffled) == pytest.approx(0, abs=1e-9)  # question 2.8


# --- the plans ------------------------------------------------------------------------------------


def test_plans_of_ninety_minutes_have_no_gap() -> None:
    tables = re.findall(r"^\| minutes \| you .+\n\|[-|]+\n((?:\|.+\n)+)", TEACHING, re.MULTILINE)
    assert len(tables) == 5
    for table in tables:
        spans = [tuple(map(int, s)) for s in re.findall(r"^\| (\d+)–(\d+) ", table, re.MULTILINE)]
        assert len(spans) == len(table.splitlines())
        ends = [0, *(end for _, end in spans)]
        assert [begin for begin, _ in spans] == ends[:-1]
        assert ends[-1] == 90


def test_the_plan_of_a_day_has_no_gap() -> None:
    hours = re.findall(r"^\| (\d\d:\d\d)–(\d\d:\d\d) ", TEACHING, re.MULTILINE)
    assert len(hours) > 10
    assert all(end == begin for (_, end), (begin, _) in pairwise(hours))
    assert all(begin < end for begin, end in hours)


def test_the_map_says_of_each_lesson_what_the_lesson_says() -> None:
    listed = re.findall(
        r"^\| \[(\d+) .+?\]\(\S+/(\d\d)_\w+\.ipynb\) \| (\S+) \| (\d+) \| .+ \| (.+) \| (\d) \|$",
        TEACHING,
        re.MULTILINE,
    )
    overview = (ROOT / "notebooks" / "lessons" / "README.md").read_text(encoding="utf-8")
    navigation = (ROOT / "app" / "dashboard" / "navigation.py").read_text(encoding="utf-8")
    assert [int(number) for number, *_ in listed] == sorted(LESSONS)
    for target in re.findall(r"\]\(([^)#]+)\)", overview):
        assert (ROOT / "notebooks" / "lessons" / target).exists(), target
    for number, file, question, minutes, page, part in listed:
        assert int(number) == int(file)
        assert f"**Time.** {minutes} minutes" in LESSONS[int(number)]
        assert re.search(rf"^\| \[{number} .+\| {question} \|$", overview, re.MULTILINE)
        assert f'("{page}", ' in navigation
        ((first, last),) = re.findall(rf"^## Part {part}: .+ (\d+) (?:to|and) (\d+)\)$", QUIZ, re.M)
        assert int(first) <= int(number) <= int(last)


def test_parts_of_lessons_that_plans_name_exist() -> None:
    sections = re.findall(r"lesson (\d+),?(?: to)?(?: the end of)? \*([^*]+)\*", TEACHING)
    assert len(sections) >= 6
    for lesson, title in sections:
        assert re.search(rf'"#+ [^"]*{re.escape(title)}', LESSONS[int(lesson)]), title
    exercises = re.findall(r"lesson (\d+), exercise (\d)", TEACHING)
    assert exercises
    for lesson, number in exercises:
        assert f"**Exercise {number}.**" in LESSONS[int(lesson)]
    for number in re.findall(r"\b(\d\.\d+)\b", TEACHING):
        assert number in QUESTIONS


# --- the projects ---------------------------------------------------------------------------------


def blocks(language: str, text: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


COMMANDS = [
    line for text in (TEACHING, PROJECTS) for block in blocks("bash", text) for line in
    block.splitlines()
]  # fmt: skip


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_commands_are_understood(command: str) -> None:
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "pkdot"]
    given = parser().parse_args(words[3:])
    if given.command == "execute":
        notebook = (ROOT / given.notebook).read_text(encoding="utf-8")
        for name, value in given.p or ():
            assert re.search(rf'"{name}: \w+ = ', notebook), name
            assert name != "studies" or find_studies([value])
    elif given.command in ("run", "sweep") and given.data is None:
        if getattr(given, "grid", None) is not None:
            assert any(f"# {given.grid}\n" in grid for grid in blocks("yaml", PROJECTS))
        else:
            assert config_of(given)


@pytest.mark.parametrize("content", blocks("yaml", PROJECTS))
def test_grids_are_valid(content: str, tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(content, encoding="utf-8")
    grid = read_grid(file)
    bases = bases_of(base_of(grid), list(places_of(grid)))
    assert len(bases) == 5 * len(next(iter(grid.axes.values())))
    for base in bases:
        for arm in arms_of(grid, base, Classification()):
            check_arm(base, arm)


def test_projects_have_levels() -> None:
    rubrics = PROJECTS.split("**Rubric.**")[1:]
    assert len(rubrics) == 3
    for rubric in rubrics:
        table = [line for line in rubric.partition("**Pitfalls.**")[0].splitlines() if line]
        assert table[0] == "| | 3 | 2 | 1 | 0 |"
        assert len(table) == 2 + 7
        assert all(row.count("|") == 6 for row in table)
