"""Problem set 9: a Hopfield network. Both questions are starred and give no points."""

from autograder.engine.values import Values
from autograder.layers import hopfield

QUESTIONS = (
    Values(
        "hopfield_weights(patterns) -> W HH",
        hopfield.weights,
        "The weights agree with the Hebbian rule, for one pattern and for several, and no unit hears itself.",
    ),
    Values(
        "energy(s, W) -> E N",
        hopfield.energy,
        "Every state has its energy, also at N = 1, H = 40 and with large weights.",
    ),
)
