"""Our steps inside nbgrader: a submission is repaired, then run in the sandbox, whichever button was pressed."""


def configure_autograde(config):
    """Put our steps into nbgrader's list of preprocessors."""
