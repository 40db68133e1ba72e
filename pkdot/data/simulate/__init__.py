"""Simulated corpora, written in the layout of the real ones."""
