"""The frame of the dashboard: what its pages share. Each page is a file in ``views``."""
