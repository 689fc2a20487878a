"""Scores of multiple-choice answers: accuracy a subtask, averaged over data sets, as MMAD's tables are made.

A subtask's accuracy is the share of right answers; of detection it is the mean of the shares on normal and on anomalous
pictures where both occur. A data set's average is the mean of its subtasks, and the published row is the mean over data
sets. Deviation: an answer that chooses no option is wrong here and counted apart; MMAD's script leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation.questions import DETECTION, SUBTASKS, ChoiceQuestion


@dataclass(frozen=True)
class AnsweredQuestion:
    """One question with what was answered.

    Args:
        image: key of the picture.
        group: its data set.
        question: with the right letter.
        answer: words as given.
        choice: letter read from them; None when they choose none.
        asked: whether the answerer answers this kind of question at all.
        seconds: until the answer was there, the picture's inspection among them where it was the first to need it.
        tokens: read and written by the language model, as far as it tells; 0 where it does not.
    """

    image: str
    group: str
    question: ChoiceQuestion
    answer: str
    choice: str | None
    asked: bool = True
    seconds: float = 0.0
    tokens: int = 0

    @property
    def right(self) -> bool:
        """Whether the right option was chosen."""
        return self.choice == self.question.correct


def scores_of(answers: Sequence[AnsweredQuestion]) -> dict[str, Any]:
    """Accuracies in [0, 1] and counts.

    Returns:
        ``questions``, ``unparsed``, ``subtasks`` (name to ``accuracy``, ``questions``, ``unparsed``; mean over data
        sets), ``groups`` (data set to ``average`` and its subtasks' accuracies), ``average``, of detection
        ``overkill_rate`` and ``miss_rate``, and a question ``seconds`` and ``tokens`` (None where no token was told).
        Subtasks that the answerer does not answer have no accuracy.
    """
    asked = [one for one in answers if one.asked]
    groups = {group: _group(some) for group, some in _by(asked, "group").items()}
    subtasks = {}
    for name in _ordered({one.question.subtask for one in answers}):
        some = [one for one in asked if one.question.subtask == name]
        found = [group["subtasks"][name] for group in groups.values() if name in group["subtasks"]]
        subtasks[name] = {
            "accuracy": _mean(found),
            "questions": len(some),
            "unparsed": sum(one.choice is None for one in some),
        }
    found = [one for one in asked if one.question.subtask == DETECTION]
    return {
        "questions": len(asked),
        "unparsed": sum(one.choice is None for one in asked),
        "average": _mean([group["average"] for group in groups.values()]),
        "subtasks": subtasks,
        "groups": groups,
        "overkill_rate": _wrong(found, anomalous=False),
        "miss_rate": _wrong(found, anomalous=True),
        "seconds": _mean([one.seconds for one in asked]),
        "tokens": _mean([one.tokens for one in asked]) or None,
    }


def chance(answers: Iterable[AnsweredQuestion]) -> dict[str, float]:
    """Accuracy of guessing, a subtask."""
    shares: dict[str, list[float]] = {}
    for one in answers:
        shares.setdefault(one.question.subtask, []).append(1 / len(one.question.options))
    return {name: sum(some) / len(some) for name, some in shares.items()}


def _group(answers: Sequence[AnsweredQuestion]) -> dict[str, Any]:
    by_task = {task: [one for one in answers if one.question.subtask == task] for task in _tasks(answers)}
    accuracies = {task: _accuracy(some) for task, some in by_task.items()}
    return {"average": _mean(list(accuracies.values())), "subtasks": accuracies}


def _accuracy(answers: Sequence[AnsweredQuestion]) -> float:
    sides = [[one.right for one in answers if one.question.anomalous is side] for side in (False, True)]
    if all(sides):
        return sum(sum(side) / len(side) for side in sides) / 2
    return sum(one.right for one in answers) / len(answers)


def _wrong(answers: Sequence[AnsweredQuestion], anomalous: bool) -> float | None:
    some = [not one.right for one in answers if one.question.anomalous is anomalous]
    return sum(some) / len(some) if some else None


def _tasks(answers: Iterable[AnsweredQuestion]) -> list[str]:
    return _ordered({one.question.subtask for one in answers})


def _ordered(names: Iterable[str]) -> list[str]:
    known = {name: number for number, name in enumerate(SUBTASKS)}
    return sorted(names, key=lambda name: (known.get(name, len(known)), name))


def _by(answers: Iterable[AnsweredQuestion], name: str) -> Mapping[str, list[AnsweredQuestion]]:
    found: dict[str, list[AnsweredQuestion]] = {}
    for one in answers:
        found.setdefault(getattr(one, name), []).append(one)
    return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
