"""The exercises of the course, one file a lesson: what is right, what is typically wrong, hints."""
