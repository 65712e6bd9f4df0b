"""Problem set 8: a model that writes."""

from autograder.engine.backward import Backward
from autograder.engine.measurement import Measurement
from autograder.engine.trained import Trained
from autograder.engine.values import Values
from autograder.layers import (
    adam,
    beam_measured,
    embedding,
    language_model,
    language_model_trained,
    padded_cross_entropy,
    sampling,
    text_batches,
)

EMBEDDING = "embedding_forward(tokens, E) -> x NTD, cache"

QUESTIONS = (
    Values(EMBEDDING, embedding.forward, "Every token picks its row, also at N = 1 and T = 1."),
    Backward(
        "embedding_backward(dx, cache) -> dE VD",
        embedding.backward,
        "The gradient agrees with the numeric one, also where all tokens are equal",
        relies_on="embedding_forward",
        forward=EMBEDDING,
    ),
    Values(
        "batches_of_text(tokens, N, T) -> inputs SNT, targets SNT",
        text_batches.batches,
        "Every row goes on where the row of the batch before ended, and no target is lost.",
        whole=True,
    ),
    Backward(
        "padded_cross_entropy(y, targets, lengths) -> loss, dy NTV",
        padded_cross_entropy.loss,
        "Loss and gradient are right, padding gets none, large scores do no harm",
    ),
    Backward(
        "language_model_loss_and_grads(tokens, targets, lengths, h0, c0, E, Wx, Wh, b, Wy, by)"
        " -> loss, dE VD, dWx DZ, dWh HZ, db Z, dWy HV, dby V, h_T NH, c_T NH",
        language_model.loss_and_grads,
        "The loss, both states and every gradient are right, from given states and from none",
        relies_on="padded_cross_entropy",
    ),
    Values(
        "adam_step(theta, m, v, grad, t, learning_rate, beta1, beta2, epsilon) -> theta_new DH, m_new DH, v_new DH",
        adam.step,
        "Weights and both means agree, also at the first step and where the gradient is zero.",
    ),
    Trained(
        "train_language_model(tokens, V, updates, rng) -> params",
        language_model_trained.task,
        language_model_trained.ENTRIES,
        "Your model was trained on other paragraphs than those that it was judged on.",
        seconds=120,
        relies_on="language_model_loss_and_grads",
    ),
    Values(
        "perplexity(losses, counts) -> value",
        language_model.perplexity,
        "Every character has the same weight, also where batches are of unequal size.",
    ),
    Values(
        "repaired_text_perplexity(inputs, targets, lengths, E, Wx, Wh, b, Wy, by) -> value",
        language_model.published,
        "The perplexity is that of the whole text, whatever it was cut into.",
        relies_on="padded_cross_entropy",
    ),
    Values(
        "sample_tokens(logits, temperature, rng) -> tokens N",
        sampling.sample,
        "Every token is the one that the random number decides, at low temperatures and at high ones.",
        whole=True,
    ),
    Values(
        "beam_step(totals, log_p, width) -> beams K, tokens K, kept K",
        sampling.beam,
        "The best continuations of all beams are kept, the best first.",
        whole=True,
    ),
    Measurement("beam_width_needed", beam_measured.beam_width_needed, relies_on="beam_step"),
)
