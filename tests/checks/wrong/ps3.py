"""Wrong solutions of problem set 3, backpropagation through time."""

SUBSTITUTIONS = {}
FUNCTIONS = {}
VALUES = {}
