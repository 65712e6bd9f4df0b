"""What `import autograder` finds inside the sandbox: a `check` that says nothing, since grading happens outside."""


def check(name, *, seed=None):
    """Do nothing: the grader runs the check on its own side, once the cell is reached."""
