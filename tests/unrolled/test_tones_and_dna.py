"""Tones and strands of DNA keep to the rules that their docstrings state."""

import re

import numpy as np
import pytest

from unrolled.processes import dna_motif, tones

SOUNDS = ("rising", "falling", "rise and fall", "fall and rise")
SHAPES = {
    "rising": "low high",
    "falling": "high low",
    "rise and fall": "low high low",
    "fall and rise": "high low high",
}


def pitch_of(samples):
    """Return the strongest pitch of a few samples, in cycles a sample."""
    strength = np.abs(np.fft.rfft((samples - samples.mean()) * np.hanning(len(samples)), 4096))
    return strength.argmax() / 4096


@pytest.mark.parametrize("sound", SOUNDS)
def test_a_sound_goes_where_its_name_says_by_an_octave(sound):
    x, targets = tones(np.random.default_rng(0), N=20, T=2048, noise=0, sounds=(sound,))
    assert x.shape == (20, 2048, 1)
    assert not targets.any()
    assert np.abs(x).max() <= 1
    for samples in x[:, :, 0]:
        start, middle, end = (pitch_of(samples[at : at + 64]) for at in (0, 992, 1984))
        found = {"low": [], "high": []}
        places = (start, middle, end) if SHAPES[sound].count(" ") == 2 else (start, end)
        for name, pitch in zip(SHAPES[sound].split(), places, strict=True):
            found[name].append(pitch)
        low, high = np.mean(found["low"]), np.mean(found["high"])
        assert 1.75 < high / low < 2.05
        assert 0.078 < low < 0.13


def test_the_four_sounds_have_the_same_mean_spectrum_when_each_pitch_is_held_for_many_samples():
    spectra = []
    for sound in SOUNDS:
        x, _ = tones(np.random.default_rng(1), N=300, T=1024, noise=0, sounds=(sound,))
        power = (np.abs(np.fft.rfft(x[:, :, 0], axis=1)) ** 2).mean(axis=0)
        spectra.append(power / power.sum())
    for spectrum in spectra[1:]:
        assert np.abs(spectrum - spectra[0]).sum() < 0.15


def test_the_noise_has_the_size_that_was_asked_for_and_the_sounds_come_equally_often():
    quiet, targets = tones(np.random.default_rng(2), N=4000, noise=0)
    noisy, _ = tones(np.random.default_rng(2), N=4000, noise=0.7)
    assert (noisy - quiet).std() == pytest.approx(0.7, rel=0.01)
    assert np.bincount(targets, minlength=4).min() > 900


def test_a_sound_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="tones: sounds contains 'trill', expected any of rising, falling"):
        tones(np.random.default_rng(0), sounds=("rising", "trill"))


def test_every_strand_holds_both_words_in_the_order_that_the_target_says():
    x, targets = dna_motif(np.random.default_rng(0), N=500, T=40, gap=(2, 9))
    assert x.shape == (500, 40, 4)
    assert (x.sum(axis=2) == 1).all()
    strands = ["".join("ACGT"[letter] for letter in row) for row in x.argmax(axis=2)]
    for strand, target in zip(strands, targets, strict=True):
        words = ("TATA", "GCC") if target else ("GCC", "TATA")
        assert re.search(".{2,9}".join(words), strand)
    assert 200 < targets.sum() < 300


def test_the_place_and_the_gap_take_every_value_equally():
    motif, partner = "AAAAAAAC", "GGGGGGGT"
    x, targets = dna_motif(np.random.default_rng(1), N=4000, T=24, motif=motif, partner=partner, gap=(0, 3))
    strands = ["".join("ACGT"[letter] for letter in row) for row in x.argmax(axis=2)]
    order = [(motif, partner) if target else (partner, motif) for target in targets]
    starts = np.array([strand.index(one) for strand, (one, _) in zip(strands, order, strict=True)])
    gaps = np.array([s.rindex(other) - s.index(one) - 8 for s, (one, other) in zip(strands, order, strict=True)])
    assert np.bincount(gaps, minlength=4).min() > 900
    assert len(np.bincount(gaps)) == 4
    without_gap = np.bincount(starts[gaps == 0], minlength=9)
    assert len(without_gap) == 9
    assert without_gap.min() > 80


def test_letters_come_evenly_in_both_kinds_of_strand():
    x, targets = dna_motif(np.random.default_rng(2), N=8000)
    composition = [x[targets == kind].mean(axis=(0, 1)) for kind in (0, 1)]
    np.testing.assert_allclose(composition[0], composition[1], atol=0.006)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"motif": "TAXA"}, "motif is 'TAXA', expected letters of ACGT"),
        ({"partner": ""}, "partner is '', expected letters of ACGT"),
        ({"gap": (5, 4)}, r"gap is \(5, 4\) and T is 40"),
        ({"gap": (0, 34)}, r"gap is \(0, 34\) and T is 40, expected 0 ≤ least ≤ most and room for both words"),
    ],
)
def test_what_makes_no_strand_is_named(change, told):
    with pytest.raises(ValueError, match=told):
        dna_motif(np.random.default_rng(0), **change)
