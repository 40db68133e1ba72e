"""Decks for a talk, from the lessons.

deck      which cells of a notebook become which slides
page      a deck as one page of reveal.js
assets    scripts and styles beside the pages, from installed packages
deck.css, deck.js   how a page looks and what it does
"""

from .assets import copy_assets, find_assets
from .deck import Deck, Part, Slide, read_deck
from .page import deck_page, index_page

__all__ = [
    "Deck",
    "Part",
    "Slide",
    "copy_assets",
    "deck_page",
    "find_assets",
    "index_page",
    "read_deck",
]
