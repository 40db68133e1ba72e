"""The course: what the lessons in ``notebooks/lessons`` share.

lesson               a lesson in its notebook: questions to commit to, checks of exercises
exercises            an exercise: what is right, and a hint for each typical wrong answer
checks/              the exercises, one file a lesson
questions            a question before the reveal, as a widget
pictures             small matrices with their numbers, lines, bars, sliders
classroom            a problem of seconds: sharp digits for the teacher, coarse ones for the student
exercise_notebooks   notebooks with blanks from those with solutions
worked_example       the loss of four samples, every step
summary_page         the method on one A4 page, around that example
page_parts           text, boxes and matrices that the page is made of
slides/              decks for a talk, from the lessons
film/                three short films of the method
"""

from .lesson import Lesson

__all__ = ["Lesson"]
