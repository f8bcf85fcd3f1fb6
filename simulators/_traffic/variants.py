"""Two variants side by side: an A/B test read with or without patience, and a shadow variant that nobody hears.

The test compares shares of good answers by the two-proportion z-test with pooled variance. Looking more than once and
stopping at the first significant look rejects a true null hypothesis far more often than the nominal level; how often
is computed by the recursion of Armitage, McPherson and Rowe (1969), and simulated. Pocock's constant for that many
looks keeps the promised level.
Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-ab-testing.html,
Armitage, McPherson, Rowe, "Repeated significance tests on accumulating data", JRSS A 132 (1969) 235-244
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from simulators._traffic.engine import Trail
from simulators._traffic.params import Params

Floats = NDArray[np.float64]

LEVEL = 0.05


@dataclass(frozen=True)
class ABTest:
    """An A/B test at each look: totals so far, the z statistic, and where significance lies."""

    minute: NDArray[np.int64]
    requests: Floats
    """Of shape (2, looks): variant A (the old model) and variant B (the new one)."""
    good: Floats
    z: Floats
    """B better is positive; NaN while a variant has no request."""
    critical: float
    """One look: 1.96."""
    pocock: float
    """The constant for this many looks."""
    peek_rate: float
    """Chance of calling two equal variants different when every look counts: computed."""
    peek_rate_simulated: float
    honest_rate_simulated: float
    """The same, with Pocock's constant."""
    runs: int

    @property
    def p_values(self) -> Floats:
        """Two-sided p value of each look, taken by itself."""
        return np.asarray(2 * stats.norm.sf(np.abs(self.z)))

    @property
    def first_peek(self) -> int | None:
        """The first look at which an impatient reader stops; None when there is none."""
        hits = np.flatnonzero(np.abs(self.z) > self.critical)
        return int(hits[0]) if len(hits) else None

    @property
    def first_honest(self) -> int | None:
        """The first look beyond Pocock's constant; None when there is none."""
        hits = np.flatnonzero(np.abs(self.z) > self.pocock)
        return int(hits[0]) if len(hits) else None

    @property
    def at_end(self) -> bool:
        """Whether the one look at the end is significant."""
        return bool(np.abs(self.z[-1]) > self.critical)


@dataclass(frozen=True)
class ShadowTest:
    """Production and its shadow on the same requests: production first in each pair."""

    requests: tuple[int, int]
    error_percent: tuple[float, float]
    wrong_percent: tuple[float, float]
    latency_ms: tuple[float, float]
    would_be_hurt: int
    """Copies that the shadow answered badly and production well; no user saw them."""


def z_statistic(good: Floats, requests: Floats) -> Floats:
    """The pooled two-proportion z statistic, second minus first; NaN where a count is 0 or all answers are alike.

    Args:
        good: successes, variants along the first axis.
        requests: trials, likewise.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = good / requests
        pooled = good.sum(axis=0) / requests.sum(axis=0)
        spread = np.sqrt(pooled * (1 - pooled) * (1 / requests[0] + 1 / requests[1]))
        z = (share[1] - share[0]) / spread
    return np.where(np.isfinite(z), z, np.nan)


@lru_cache(maxsize=256)
def repeated_rate(looks: int, critical: float) -> float:
    """The chance that a true null hypothesis is rejected at any of `looks` evenly spaced looks with |z| > `critical`.

    With unit information per look, the sum S_k is a Gaussian walk; what has not crossed |S_k| > c sqrt(k) goes on.
    """
    step = 0.05
    reach = critical * np.sqrt(looks) + 8
    grid = np.arange(-reach, reach + step / 2, step)
    kernel = stats.norm.pdf(np.arange(-8, 8 + step / 2, step))
    density = stats.norm.pdf(grid)
    for look in range(1, looks + 1):
        bound = critical * np.sqrt(look)
        # A grid cell that the bound cuts counts with the part that is inside.
        inside = np.clip((bound - np.abs(grid)) / step + 0.5, 0, 1)
        density = density * inside
        if look < looks:
            density = np.convolve(density, kernel, mode="same") * step
    return float(1 - density.sum() * step)


@lru_cache(maxsize=256)
def pocock_constant(looks: int, level: float = LEVEL) -> float:
    """The critical |z| that, used at every one of `looks` looks, rejects a true null hypothesis with chance `level`."""
    low, high = 1.5, 4.5
    for _ in range(40):
        middle = (low + high) / 2
        if repeated_rate(looks, middle) > level:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def simulated_rates(looks: int, *, runs: int, seed: int, share: float = 0.5) -> tuple[float, float]:
    """How often two equal variants look different at any look: with 1.96, and with Pocock's constant.

    Every look adds 400 requests, `share` of them to B, and both variants answer nine of ten well.
    """
    rng = np.random.default_rng([seed, 4])
    b = rng.binomial(400, share, (looks, runs))
    requests = np.stack([400 - b, b]).astype(np.float64)
    good = rng.binomial(np.stack([400 - b, b]), 0.9).astype(np.float64)
    z = np.abs(z_statistic(good.cumsum(axis=1), requests.cumsum(axis=1)))
    z = np.nan_to_num(z)
    critical = float(stats.norm.isf(LEVEL / 2))
    return float((z > critical).any(axis=0).mean()), float((z > pocock_constant(looks)).any(axis=0).mean())


def ab_test(params: Params, trail: Trail, *, runs: int = 1000) -> ABTest:
    """Read the A/B test of a run at evenly spaced looks."""
    metrics = trail.metrics
    requests = metrics.invocations
    good = requests - metrics.errors_4xx - metrics.errors_5xx - metrics.wrong
    looks = min(params.ab_looks, requests.shape[1])
    minute = np.linspace(0, requests.shape[1], looks + 1)[1:].round().astype(np.int64)
    requests, good = (np.cumsum(each, axis=1)[:, minute - 1] for each in (requests, good))
    peek, honest = simulated_rates(looks, runs=runs, seed=params.seed, share=params.ab_weight_percent / 100)
    critical = float(stats.norm.isf(LEVEL / 2))
    return ABTest(
        minute=minute,
        requests=requests,
        good=good,
        z=z_statistic(good, requests),
        critical=critical,
        pocock=pocock_constant(looks),
        peek_rate=repeated_rate(looks, critical),
        peek_rate_simulated=peek,
        honest_rate_simulated=honest,
        runs=runs,
    )


def shadow_test(trail: Trail) -> ShadowTest:
    """Compare production with its shadow."""
    metrics = trail.metrics
    requests = metrics.invocations.sum(axis=1)
    count = np.maximum(requests, 1)
    errors = 100 * metrics.errors_5xx.sum(axis=1) / count
    answered = np.maximum(requests - metrics.errors_4xx.sum(axis=1) - metrics.errors_5xx.sum(axis=1), 1)
    wrong = 100 * metrics.wrong.sum(axis=1) / answered
    latency = metrics.latency_sum.sum(axis=1) / count / 1000
    return ShadowTest(
        requests=(int(requests[0]), int(requests[1])),
        error_percent=(float(errors[0]), float(errors[1])),
        wrong_percent=(float(wrong[0]), float(wrong[1])),
        latency_ms=(float(latency[0]), float(latency[1])),
        would_be_hurt=int(trail.counts.hurt[1].sum()),
    )
