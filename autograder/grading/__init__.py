"""Grading of submitted notebooks: read as data, repaired, run in the sandbox, judged outside of it."""
