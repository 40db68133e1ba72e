"""Readers of pictures, videos and sounds that corpora share: damage is found, and time is kept."""
