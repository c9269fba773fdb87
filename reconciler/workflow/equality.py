"""Whether new values are the same in several environments of one run."""

from __future__ import annotations

from reconciler.model.fingerprints import Fingerprinter
from reconciler.model.plans import Plan
from reconciler.model.values import AbsentValue, SecretValue, ValueRef
from reconciler.rules.strength import is_guessable
from reconciler.workflow.planned import Planned

_HEX_DIGITS = 16


def value_digests(planned: Planned, key: bytes) -> dict[int, int]:
    """Numbers that are equal for equal new values, by the numbers that these have in the plan.

    `key` is made for the run and forgotten with it, so nobody can test a guess afterwards. Values
    that could be guessed have none: whoever has the value of one environment would learn from
    "another one" what it is elsewhere, if there are only a few that it can be.
    """
    fingerprinter = Fingerprinter(key)
    return {
        number: int(fingerprinter.of("", (), value)[:_HEX_DIGITS], 16)
        for number in _new_values(planned.plan)
        if (value := planned.values.numbered.get(number)) is not None and _may_be_told(value)
    }


def _new_values(plan: Plan) -> set[int]:
    return {
        field.after.number
        for change in plan.changes
        for field in change.fields
        if isinstance(field.after, ValueRef)
    }


def _may_be_told(value: SecretValue) -> bool:
    return not isinstance(value, AbsentValue) and not is_guessable([value])
