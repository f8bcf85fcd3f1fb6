"""A prediction is an answer: right or wrong, it is a review of its facts."""

from collections.abc import Callable
from datetime import UTC, datetime

from content import default_catalog
from quizzes.pages.visitor import Visitor, show_store_error
from quizzes.schedule import Review, rating_of, study_day
from quizzes.store import StoreError
from simulators.contract import Prediction


def graded_by(who: Visitor) -> Callable[[str, Prediction, bool], None]:
    """What a simulator's page calls with its slug, the prediction and whether it came true."""

    def graded(slug: str, prediction: Prediction, correct: bool) -> None:
        if who.learner() is None:
            return
        now = datetime.now(UTC)
        known = default_catalog().facts
        reviews = [
            Review(
                fact=fact,
                rating=rating_of(correct, None),
                kind="prediction",
                source=f"{slug}#{prediction.ask}",
                at=now,
                day=study_day(now, who.timezone),
            )
            for fact in prediction.facts
            if fact in known
        ]
        try:
            who.store.record(who.id, reviews)
        except StoreError as error:
            show_store_error(error)

    return graded
