"""The equations that messages, problem sets and other chapters point to, by the chapter that defines them."""

EQUATIONS = {
    "02-the-recurrent-neural-network": ["rnn-step", "rnn-output", "rnn-mask", "rnn-parameters"],
    "03-backpropagation-through-time": [
        "bptt-dz",
        "bptt-dh",
        "bptt-dx",
        "bptt-dh-prev",
        "bptt-dWx",
        "bptt-dWh",
        "bptt-db",
        "cross-entropy",
        "cross-entropy-gradient",
        "bptt-truncated",
        "rtrl",
    ],
}
