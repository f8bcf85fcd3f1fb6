"""The words of a run: findings, scenarios, predictions."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from simulators._traffic.closed_forms import forecast, hurt_chance
from simulators._traffic.doctor import Diagnosis
from simulators._traffic.fleets import fleets
from simulators._traffic.params import STRATEGIES, STRATEGY_NAMES, Params
from simulators._traffic.result import Result
from simulators._traffic.variants import ABTest, ShadowTest
from simulators.contract import Prediction, Scenario

_HEALTHY = {"green_error_percent": 0.1}


def findings(result: Result) -> list[str]:
    """The run in two to five sentences, with its numbers."""
    if result.problems:
        return [
            "AWS refuses these settings, and the old fleet goes on.",
            *(f"{reason}." for reason in result.problems),
        ][:5]
    if result.ab:
        return _ab_findings(result, result.ab)
    if result.shadow:
        return _shadow_findings(result.shadow)
    told = (_course(result), _harm(result), _cost(result), _doctor(result) or _chance(result), _against(result))
    return [text for text in told if text]


def _course(result: Result) -> str:
    course, name = result.plan, STRATEGY_NAMES[result.params.strategy]
    end = f"{course.end / 60:.0f} minutes after the call"
    if course.note:
        return (
            f"The policy was not used: {course.note}. All traffic shifted at once without a bake, and no alarm was "
            f"watched; the update ended {end}."
        )
    if result.outcome == "rolled back":
        at = result.trail.tripped_at or 0.0
        wait = f"{result.detection_minutes:.0f} minutes after the new fleet's first request"
        share = 100 * (_share_before(result, at))
        back = "at once" if course.end == at else f"after {(course.end - at) / 60:.0f} minutes of launching again"
        return (
            f"{name}: {' and '.join(result.trail.tripped_by)} rang {wait}, while it had {share:.0f} % of the traffic, "
            f"and everything went back {back}."
        )
    if result.outcome == "stopped":
        return (
            f"{name}: {' and '.join(result.trail.tripped_by)} was in ALARM before the first shift, so the update "
            "stopped and the new fleet never got a request."
        )
    if result.outcome == "timed out":
        return (
            f"{name}: the timeout of {result.params.timeout_seconds:,} s ended the update, and it was rolled back; "
            f"launching and waiting would have taken {_planned_seconds(result):,.0f} s."
        )
    watched = "" if result.params.alarms else " No alarm is set, so nothing could have stopped it."
    return f"{name}: the update went through and ended {end}.{watched}"


def _planned_seconds(result: Result) -> float:
    return forecast(result.params, result.params.strategy).end_seconds


def _share_before(result: Result, at: float) -> float:
    stages = [stage for stage in result.plan.stages if stage.start < at]
    return stages[-1].green_share if stages else 0.0


def _harm(result: Result) -> str:
    hurt, helped = result.users_hurt, result.users_helped
    told = f"Of {result.green_requests:,} requests to the new fleet, {hurt:,} {_were(hurt)} hurt by the update"
    told += f" and {helped:,} {_were(helped)} helped by it" if helped else ""
    late = int(result.trail.counts.late[1].sum())
    if late:
        told += f"; {late:,} answers of the new fleet came later than {result.params.patience_ms:g} ms"
    blue, green = (100 * share for share in fleets(result.params.green_model).accuracy)
    told += f". The old model answers {blue:.1f} % of the rows right, the new one {green:.1f} %"
    if green < blue - 5 and result.outcome == "completed" and "WrongAnswers" not in _metrics(result):
        told += ", and an answer that is wrong still has status 200: none of the alarms can see it"
    return told + "."


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _chance(result: Result) -> str:
    curve = result.curve
    if curve is None or result.params.green_error_percent <= result.params.blue_error_percent:
        return ""
    return (
        f"Server errors of {result.params.green_error_percent:g} % trip the alarm in the first bake with a chance of "
        f"{100 * curve.alarm_here:.0f} %; the chance that at least one of its {curve.green_requests:,.0f} requests "
        f"fails is {100 * curve.seen_here:.0f} %."
    )


def _metrics(result: Result) -> set[str]:
    return {alarm.metric for alarm in result.params.alarms}


def _cost(result: Result) -> str:
    told = (
        f"It took up to {result.plan.peak_instances} instances at a time and {result.extra_instance_minutes:,.0f} "
        "instance-minutes more than no update."
    )
    frame = result.comparison
    if frame is None or "users_hurt" not in frame or frame["users_hurt"].notna().sum() < 2:
        return told
    ran = frame[frame["users_hurt"].notna()]
    least, most = ran["users_hurt"].min(), ran["users_hurt"].max()
    if least == most:
        return f"{told} Every strategy hurt the same number of users, {int(least):,}."
    best = ", ".join(ran.loc[ran["users_hurt"] == least, "strategy"])
    worst = ", ".join(ran.loc[ran["users_hurt"] == most, "strategy"])
    return (
        f"{told} On the same requests {best} hurt the fewest users ({int(least):,}), {worst} the most ({int(most):,})."
    )


def _doctor(result: Result) -> str:
    return " ".join(filter(None, map(doctor_sentence, result.diagnoses)))


def doctor_sentence(found: Diagnosis) -> str:
    """One diagnosis in a sentence; empty when the alarm is fine."""
    if not found.causes:
        return ""
    reasons = "; ".join(found.causes)
    if found.always_fires:
        return f"{found.alarm.name} stops healthy updates too: {reasons}."
    if not found.can_fire:
        return f"{found.alarm.name} can never stop this update: {reasons}."
    if not found.in_first_bake:
        return f"{found.alarm.name} cannot fire in the first bake: {reasons}."
    return f"{found.alarm.name} seldom fires: {reasons}."


def _against(result: Result) -> str:
    """Say it when the canary, meant to spare users, did not."""
    frame = result.comparison
    if frame is None or result.outcome != "completed" or result.params.strategy == "ALL_AT_ONCE":
        return ""
    hurt, _ = hurt_chance(result.params)
    if hurt < 0.01 or not result.params.alarms or result.plan.note:
        return ""
    return "The gradual shift alone did not protect anybody for long: it only delays what no alarm stops."


def _ab_findings(result: Result, test: ABTest) -> list[str]:
    a, b = (100 * test.good[row, -1] / max(test.requests[row, -1], 1) for row in (0, 1))
    told = [
        f"After {result.params.watch_minutes} minutes, A has {a:.2f} % good answers of {int(test.requests[0, -1]):,} "
        f"and B {b:.2f} % of {int(test.requests[1, -1]):,}: z = {test.z[-1]:.2f}, p = {test.p_values[-1]:.3f}."
    ]
    if test.first_peek is not None:
        minute = int(test.minute[test.first_peek])
        told.append(f"Someone who stops at the first p below 0.05 would have stopped after {minute} minutes.")
    else:
        told.append("No look was significant by itself.")
    same = result.params.green_model == "same" and result.params.green_error_percent == result.params.blue_error_percent
    if same:
        told.append("Both variants are equal here, so every significant look is a false alarm.")
    looks = len(test.minute)
    told.append(
        f"With {looks} looks, equal variants look different in {100 * test.peek_rate:.0f} % of tests instead of 5 % "
        f"({100 * test.peek_rate_simulated:.0f} % of {test.runs:,} simulated ones); |z| > {test.pocock:.2f} at every "
        "look keeps the 5 %."
    )
    if test.first_honest is not None:
        told.append(f"That bound was crossed after {int(test.minute[test.first_honest])} minutes.")
    else:
        told.append("That bound was never crossed.")
    return told


def _shadow_findings(test: ShadowTest) -> list[str]:
    return [
        f"The shadow got copies of {test.requests[1]:,} of {test.requests[0]:,} requests; only production's answers "
        "reached users, so the new model hurt nobody.",
        f"Latency {test.latency_ms[1]:.1f} ms against {test.latency_ms[0]:.1f} ms in production, 5XX errors "
        f"{test.error_percent[1]:.2f} % against {test.error_percent[0]:.2f} %.",
        f"{test.would_be_hurt:,} of the copies were answered badly where production did well.",
        "A shadow test shows errors, speed and differing answers; what users would have done with the answers it "
        "cannot show, that takes an A/B test.",
    ]


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "bad-model": Scenario(
            "A bad model with status 200",
            "A wrong answer is no server error. SageMaker's own metrics stay clean, the alarm stays silent, and every "
            "user gets the bad model.",
            {**_HEALTHY, "green_model": "skewed"},
        ),
        "bad-model-watched": Scenario(
            "A bad model, with a metric of your own",
            "Count wrong answers against labels and publish the count: the canary stops the same model, if the labels "
            "arrive before the bake is over.",
            {**_HEALTHY, "green_model": "skewed", "alarm_metric": "WrongAnswers", "alarm_threshold": 0.15},
        ),
        "slow-model": Scenario(
            "A slow model",
            "No error, no wrong answer, only time: the error alarm sees nothing, a latency alarm does.",
            {
                **_HEALTHY,
                "green_slowdown": 18.0,
                "second_alarm_metric": "ModelLatency",
            },
        ),
        "leak": Scenario(
            "A leak that shows after 25 minutes",
            "The bakes add up to 20 minutes. The leak shows later, when the old fleet is gone and nothing is left to "
            "roll back to.",
            {**_HEALTHY, "leak_minutes": 25},
        ),
        "client-storm": Scenario(
            "A 4XX storm that is not the model's fault",
            "One client sends malformed requests during the canary. The alarm on 4XX errors cannot tell the sender "
            "from the model and rolls back a good one.",
            {
                **_HEALTHY,
                "alarm_metric": "Invocation4XXErrors",
                "alarm_fleet": "both",
                "alarm_threshold": 0.05,
                "storm_error_percent": 30.0,
            },
        ),
        "low-traffic": Scenario(
            "Low traffic: the canary sees nothing",
            "Ten requests a minute give a 10 % canary ten requests in its bake. A fault of 5 % mostly does not trip "
            "the alarm there and meets everybody afterwards.",
            {"requests_per_minute": 10.0},
        ),
        "aws-example": Scenario(
            "AWS's example alarm",
            "Average > 1 over two periods of ten minutes on both fleets: an average of ones and zeros is never above "
            "1. The whole new fleet fails and the alarm stays OK.",
            {
                "green_error_percent": 99.5,
                "canary_size": 30,
                "alarm_fleet": "both",
                "alarm_threshold": 1.0,
                "alarm_period_seconds": 600,
                "alarm_periods": 2,
                "alarm_missing": "notBreaching",
            },
        ),
        "aws-notebook": Scenario(
            "AWS's notebook alarm",
            "Average >= 1 is commented as 1 %, but it means 100 % of all traffic. Four of ten answers fail and the "
            "update goes through.",
            {
                "instances": 3,
                "size_type": "INSTANCE_COUNT",
                "canary_size": 1,
                "linear_step": 1,
                "batch_size": 1,
                "rollback_batch_size": 3,
                "wait_seconds": 300,
                "termination_wait_seconds": 120,
                "timeout_seconds": 1800,
                "green_error_percent": 40.0,
                "alarm_fleet": "both",
                "alarm_operator": "GreaterThanOrEqualToThreshold",
                "alarm_threshold": 1.0,
                "alarm_periods": 1,
                "alarm_datapoints": 1,
                "alarm_missing": "notBreaching",
            },
        ),
        "diluted": Scenario(
            "An alarm diluted by the old fleet",
            "One tenth of the traffic, a fifth of it failing, is 2 % of all: an alarm at 5 % over both fleets sleeps "
            "through the canary and wakes when everybody is hit.",
            {"green_error_percent": 20.0, "alarm_fleet": "both", "alarm_threshold": 0.05},
        ),
        "old-fleet-in-alarm": Scenario(
            "The old fleet is already in alarm",
            "An alarm over both fleets also hears the old one. It rings before the first shift, and the update that "
            "would have cured the errors never starts.",
            {**_HEALTHY, "blue_error_percent": 4.0, "alarm_fleet": "both"},
        ),
        "no-alarm": Scenario(
            "Bakes without an alarm",
            "The update waits through every bake, but nobody is watching: a fifth of the answers fail and nothing "
            "goes back.",
            {"green_error_percent": 20.0, "alarm_metric": "none"},
        ),
        "all-at-once": Scenario(
            "All at once",
            "The alarm rings just as soon, but until then everybody is hit, ten times as many as by a 10 % canary.",
            {"strategy": "ALL_AT_ONCE"},
        ),
        "rolling-cost": Scenario(
            "Rolling against blue/green on cost",
            "A rolling update needs one batch of extra instances instead of a whole fleet, and fewer extra "
            "instance-minutes than canary or linear; it takes the longest.",
            {**_HEALTHY, "strategy": "ROLLING"},
        ),
        "rolling-rollback": Scenario(
            "A rolling update finds it late",
            "By the time the fault shows, old instances are gone. They must be launched again before traffic can go "
            "back, and users are hurt meanwhile.",
            {
                **_HEALTHY,
                "strategy": "ROLLING",
                "leak_minutes": 26,
                "launch_seconds": 300,
            },
        ),
        "timeout": Scenario(
            "A timeout just too short",
            "AWS takes a timeout of 1,260 s because it exceeds the waits of 1,200 s. Launching takes another 120 s, so "
            "a healthy update is rolled back on the last metres.",
            {**_HEALTHY, "timeout_seconds": 1260, "compare": False},
        ),
        "marketplace": Scenario(
            "An endpoint without guardrails",
            "A Marketplace container cannot use deployment guardrails: whatever the policy says, all traffic shifts at "
            "once, without a bake and without a rollback.",
            {"endpoint_kind": "marketplace", "green_error_percent": 20.0},
        ),
        "shadow": Scenario(
            "A shadow test",
            "The worse, slower model answers copies of all requests. Its faults show, and no user meets them.",
            {**_HEALTHY, "mode": "shadow", "green_model": "worse", "green_slowdown": 3.0},
        ),
        "ab-test": Scenario(
            "An A/B test of a better model",
            "With enough requests the better model is told apart beyond doubt, even by the bound for many looks.",
            {**_HEALTHY, "mode": "ab"},
        ),
        "peeking": Scenario(
            "Peeking at an A/B test",
            "Both variants are the same model. Whoever stops at the first p below 0.05 finds a winner that does not "
            "exist.",
            {
                **_HEALTHY,
                "mode": "ab",
                "green_model": "same",
                "watch_minutes": 100,
                "ab_looks": 50,
                "seed": 7,
            },
        ),
    }
)

_OUTCOMES = ("completed", "rolled back", "stopped", "timed out", "refused", "test")


def _why_outcome(result: Result) -> str:
    told = findings(result)
    return " ".join(told[1:]) if result.problems else told[0]


_HURT = ("None", "1 to 20", "21 to 200", "201 to 2,000", "More than 2,000")
_HURT_EDGES = (0, 20, 200, 2000)


def _hurt_answer(result: Result) -> int:
    return int(np.searchsorted(_HURT_EDGES, result.users_hurt))


def _fewest(result: Result) -> int:
    frame = result.comparison
    if frame is None or "users_hurt" not in frame or frame["users_hurt"].notna().sum() < 2:
        return 5
    ran = frame[frame["users_hurt"].notna()]
    best = ran.index[ran["users_hurt"] == ran["users_hurt"].min()]
    return int(best[0]) if len(best) == 1 else 4


def _why_fewest(result: Result) -> str:
    frame = result.comparison
    if frame is None or "users_hurt" not in frame:
        return "Fewer than two strategies could be run with these settings."
    ran = frame[frame["users_hurt"].notna()]
    told = [f"{name} {int(hurt):,}" for name, hurt in zip(ran["strategy"], ran["users_hurt"], strict=True)]
    return f"Users hurt on the same requests: {', '.join(told)}."


def _first_bake(result: Result) -> int:
    if not result.diagnoses:
        return 2
    return 0 if any(found.in_first_bake for found in result.diagnoses) else 1


def _why_first_bake(result: Result) -> str:
    if not result.diagnoses:
        return "AWS refuses these settings or no alarm is set: there is nothing to stop."
    told = []
    for found in result.diagnoses:
        if found.in_first_bake:
            told.append(f"{found.alarm.name} rings {found.fires_after_minutes:.0f} minutes after the first request.")
        else:
            told.append(doctor_sentence(found) or f"{found.alarm.name} is too late for the first bake.")
    return " ".join(told)


def _noticed(result: Result) -> int:
    minutes = result.detection_minutes
    if minutes is None:
        return 3
    return int(np.searchsorted((3.0, 10.0), minutes))


def _why_noticed(result: Result) -> str:
    if result.detection_minutes is None:
        return "No alarm stopped the update after the new fleet had got its first request."
    return f"{' and '.join(result.trail.tripped_by)} rang after {result.detection_minutes:.0f} minutes."


_PEEK = ("B, the new model, is better", "A, the old model, is better", "She finds no difference")


def _verdict(test: ABTest, look: int | None) -> int:
    """What somebody says who stops at that look."""
    if look is None:
        return 2
    return 0 if test.z[look] > 0 else 1


def _peeked(result: Result) -> int:
    return _verdict(result.ab, result.ab.first_peek) if result.ab else 2


def _why_peeked(result: Result) -> str:
    test = result.ab
    if test is None:
        return "There is no A/B test here: nothing was compared."
    stopped = "No look had a p below 0.05."
    if test.first_peek is not None:
        stopped = f"After {int(test.minute[test.first_peek])} minutes p was {test.p_values[test.first_peek]:.3f}."
    return (
        f"{stopped} With {len(test.minute)} looks, two equal variants look different in "
        f"{100 * test.peek_rate:.0f} % of tests."
    )


def _honest(result: Result) -> int:
    return _verdict(result.ab, result.ab.first_honest) if result.ab else 2


def _why_honest(result: Result) -> str:
    test = result.ab
    if test is None:
        return "There is no A/B test here: nothing was compared."
    largest = np.abs(np.nan_to_num(test.z)).max()
    return f"For {len(test.minute)} looks |z| must exceed {test.pocock:.2f}; the largest was {largest:.2f}."


def _shadow_worse(result: Result) -> int:
    test = result.shadow
    if test is None:
        return 3
    wrong, slow = (pair[1] > 1.1 * pair[0] for pair in (test.wrong_percent, test.latency_ms))
    return 2 if wrong and slow else 0 if wrong else 1 if slow else 3


def _why_shadow_worse(result: Result) -> str:
    test = result.shadow
    if test is None:
        return "There is no shadow test here: nothing was mirrored."
    return (
        f"Wrong answers: {test.wrong_percent[0]:.1f} % in production, {test.wrong_percent[1]:.1f} % in the shadow. "
        f"Latency: {test.latency_ms[0]:.0f} and {test.latency_ms[1]:.0f} ms."
    )


def _why_hurt(result: Result) -> str:
    if result.params.mode == "shadow":
        return f"The shadow answered {result.green_requests:,} copies, and its answers went to nobody."
    return f"{result.users_hurt:,} of {result.green_requests:,} requests to the new model."


_TOPIC = "deployment-guardrails"


def _ask(
    ask: str,
    choices: tuple[str, ...],
    answer: Callable[[Result], int],
    why: Callable[[Result], str],
    *facts: str,
    fits: Callable[[Params], bool],
) -> Prediction:
    names = tuple(f"{_TOPIC}/{fact}" for fact in facts)
    return Prediction(ask=ask, choices=choices, answer=answer, why=why, facts=names, fits=fits)


def _is_update(params: Params) -> bool:
    return params.mode == "deployment"


def _is_compared(params: Params) -> bool:
    return params.mode == "deployment" and params.compare


def _is_watched(params: Params) -> bool:
    return params.mode == "deployment" and bool(params.alarms)


def _is_shadow(params: Params) -> bool:
    return params.mode == "shadow"


def _is_ab(params: Params) -> bool:
    return params.mode == "ab"


PREDICTIONS: tuple[Prediction, ...] = (
    _ask(
        "How does it end?",
        (
            "The update completes",
            "An alarm rolls it back after traffic has shifted",
            "It stops before any traffic shifts",
            "The timeout ends it",
            "AWS refuses the settings",
        ),
        lambda result: min(_OUTCOMES.index(result.outcome), 4),
        _why_outcome,
        "no-alarm-no-rollback",
        "any-alarm-returns-all-traffic",
        fits=_is_update,
    ),
    _ask(
        "How many users does the new model hurt that the old one would have served well?",
        _HURT,
        _hurt_answer,
        _why_hurt,
        "canary-two-steps",
        "all-at-once",
        fits=_is_update,
    ),
    _ask(
        "Which strategy hurts the fewest users on the very same requests?",
        (*(STRATEGY_NAMES[name] for name in STRATEGIES), "Two or more tie", "Fewer than two of them can be run"),
        _fewest,
        _why_fewest,
        "two-families",
        "all-at-once",
        fits=_is_compared,
    ),
    _ask(
        "If the new fleet did its worst, could an alarm stop the update within the first bake?",
        ("Yes", "No", "AWS refuses the settings, so there is nothing to stop"),
        _first_bake,
        _why_first_bake,
        "window-longer-than-bake",
        "both-fleets-dilute-the-canary",
        fits=_is_watched,
    ),
    _ask(
        "How long after the new fleet's first request does an alarm stop the update?",
        ("Within 3 minutes", "After more than 3, up to 10 minutes", "After more than 10 minutes", "Never"),
        _noticed,
        _why_noticed,
        "m-of-n",
        "low-traffic-hides-errors",
        fits=_is_watched,
    ),
    _ask(
        "How many users does the new model hurt in this shadow test?",
        _HURT,
        _hurt_answer,
        _why_hurt,
        "shadow-copies-requests",
        "shadow-answers-stay-inside",
        fits=_is_shadow,
    ),
    _ask(
        "What is clearly worse in the shadow than in production?",
        ("Its answers", "Its speed", "Both", "Neither"),
        _shadow_worse,
        _why_shadow_worse,
        "stable-or-better",
        fits=_is_shadow,
    ),
    _ask(
        "Somebody looks again and again and stops at the first p below 0.05. What does she conclude?",
        _PEEK,
        _peeked,
        _why_peeked,
        "fix-the-test-first",
        fits=_is_ab,
    ),
    _ask(
        "And somebody who demands more of every look, so that all looks together err in 5 % of tests?",
        _PEEK,
        _honest,
        _why_honest,
        "fix-the-test-first",
        fits=_is_ab,
    ),
)
