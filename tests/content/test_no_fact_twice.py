"""No two facts say the same: what is stated twice is learned twice, and one day corrected once."""

from sklearn.feature_extraction.text import TfidfVectorizer

from content import default_catalog

LIMIT = 0.5
BOTH_STAY = {
    ("automl-and-foundation-models/nova-canvas-made-images", "automl-and-foundation-models/nova-reel-made-videos"): (
        "two models with one fate: images, videos"
    ),
    ("automl-and-foundation-models/nova-lite-sees-cheaply", "automl-and-foundation-models/nova-pro-is-the-balance"): (
        "two models with the same inputs: what differs is price and accuracy"
    ),
    ("autoscaling/minimum-of-two-for-zones", "deployment-types/zones-need-two-instances"): (
        "what to set, and how an endpoint spreads"
    ),
    ("bias-metrics/dcacc-formula", "bias-metrics/dcr-formula"): "acceptances a minus d, rejections d minus a",
    ("builtin-algorithms/segmentation-one-gpu-machine", "builtin-algorithms/seq2seq-one-gpu-machine"): (
        "two algorithms with the same limit"
    ),
    ("data-formats/factorization-machines-protobuf-only", "data-formats/linear-learner-float32"): (
        "two algorithms, of which one takes CSV"
    ),
    ("evaluation-metrics/higher-threshold-flags-fewer", "evaluation-metrics/lower-threshold-flags-more"): "opposites",
}
"""Pairs that are alike in words and differ in what they say, and how."""


def test_no_two_facts_say_the_same() -> None:
    """Merge such a pair into the topic where a learner would look; only siblings and opposites may stay."""
    facts = default_catalog().facts
    names = sorted(facts)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, stop_words="english")
    vectors = vectorizer.fit_transform([facts[name].text for name in names])
    likeness = (vectors @ vectors.T).tocoo()
    alike = {
        (names[one], names[other]): round(float(value), 2)
        for one, other, value in zip(likeness.row, likeness.col, likeness.data, strict=True)
        if one < other and value > LIMIT
    }
    assert {pair: value for pair, value in alike.items() if pair not in BOTH_STAY} == {}


def test_pairs_that_stay_are_facts() -> None:
    assert {name for pair in BOTH_STAY for name in pair} <= default_catalog().facts.keys()
