"""The page that a student gets back: what is right, what is not yet, and why. It stands alone and runs no script."""

from autograder.feedback.page import feedback_page

__all__ = ["feedback_page"]
