"""Problem set 10: linear recurrences by parallel scan."""

from autograder.engine.values import Values
from autograder.layers import scan

QUESTIONS = (
    Values(
        "combine(a1, b1, a2, b2) -> merged_a NH, merged_b NH",
        scan.combine,
        "One step does what the two do, also where a factor is 0.",
    ),
    Values(
        "scan_round(a, b, k) -> merged_a NTH, merged_b NTH",
        scan.scan_round,
        "Every step is merged with the one k before it, also at k = 1 and k = T - 1, and the first k stay.",
        relies_on="combine",
    ),
    Values(
        "linear_scan(a, b, h0) -> h NTH",
        scan.linear_scan,
        "Every state is that of the loop, with h0 and with h0 = None, also where T is no power of two and at T = 1.",
        relies_on="scan_round",
    ),
)
