"""The types of options, by which values are read from the command line and the environment."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

from reconciler.model.drift import DriftKind
from reconciler.model.objects import KINDS, NAMESPACE, ObjectKey
from reconciler.model.plan_options import DeleteLimit, KeyTarget
from reconciler.model.shards import MOST, Shard
from reconciler.spelling import did_you_mean

AUTO = "auto"
"""The shard that the variables of a job name."""

_TOO_LONG = 10
_SHARD = re.compile("([0-9]{1,9})/([0-9]{1,9})", re.ASCII)
_DURATION = re.compile("([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class TargetType(click.ParamType[ObjectKey]):
    """``KIND/NAMESPACE/NAME``, or ``Namespace/NAME``; the kind in any case."""

    name = "KIND/NS/NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> ObjectKey:
        """Turn text into an object's key."""
        if isinstance(value, ObjectKey):
            return value
        kind, *rest = str(value).split("/")
        spelled = {name.lower(): name for name in KINDS}.get(kind.lower())
        if spelled == NAMESPACE and len(rest) == 1 and rest[0]:
            return ObjectKey(spelled, "", rest[0])
        if spelled not in {None, NAMESPACE} and len(rest) == 2 and all(rest):  # noqa: PLR2004
            return ObjectKey(str(spelled), rest[0], rest[1])
        advice = did_you_mean(kind, KINDS) if spelled is None else ""
        rule = "write KIND/NAMESPACE/NAME, for example Secret/shop/database"
        return self.fail(f"{rule}; {advice}" if advice else rule, param, ctx)


class KeyTargetType(click.ParamType[KeyTarget]):
    """``KIND/NAMESPACE/NAME``, and after a colon the key of ``data`` where one is meant."""

    name = "KIND/NS/NAME[:KEY]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> KeyTarget:
        """Turn text into an object's key, and a key of its data."""
        if isinstance(value, KeyTarget):
            return value
        target, colon, key = str(value).partition(":")
        if colon and not key:
            self.fail("write a key of data behind the colon, or leave out the colon", param, ctx)
        return KeyTarget(TargetType().convert(target, param, ctx), key)


class DeleteLimitType(click.ParamType[DeleteLimit]):
    """A number, or a percentage."""

    name = "N|P%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> DeleteLimit:
        """Turn ``5`` or ``30%`` into a limit."""
        if isinstance(value, DeleteLimit):
            return value
        text = str(value)
        digits = text.removesuffix("%")
        if not (digits.isascii() and digits.isdigit() and len(digits) < _TOO_LONG):
            self.fail("write a number of objects, or a percentage such as 30%", param, ctx)
        limit = DeleteLimit(int(digits), percent=digits != text)
        if limit.percent and limit.amount > 100:  # noqa: PLR2004
            self.fail("a percentage is at most 100%", param, ctx)
        return limit


class SetNameType(click.ParamType[str]):
    """The name of a set, which a store may keep as a label."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> str:
        """Accept non-empty label values."""
        from reconciler.rules.names import LABEL_VALUE

        text = str(value)
        if not (text and LABEL_VALUE.allows(text)):
            self.fail(
                "write letters, digits, '-', '_' and '.', starting and ending with a letter or "
                "digit, at most 63",
                param,
                ctx,
            )
        return text


class NamespaceType(click.ParamType[str]):
    """The name of a namespace."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> str:
        """Accept what an API server accepts."""
        from reconciler.rules.names import LABEL

        text = str(value)
        if not LABEL.allows(text):
            self.fail(LABEL.rule, param, ctx)
        return text


class FlagType(click.types.BoolParamType):
    """A flag, as variables and settings write it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> bool:
        """Turn ``1`` or ``false`` into a bool."""
        truth = value if isinstance(value, bool) else self.str_to_bool(str(value))
        if truth is None:
            self.fail("write true or false", param, ctx)
        return truth


class DriftKindsType(click.ParamType[frozenset[DriftKind]]):
    """Kinds of drift, separated by commas."""

    name = "KIND,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> frozenset[DriftKind]:
        """Turn ``added,changed`` into kinds."""
        if isinstance(value, frozenset):
            return value
        names = [part.strip() for part in str(value).split(",")]
        for name in names:
            if name not in [*DriftKind]:
                advice = did_you_mean(name, [*DriftKind])
                rule = f"write one or more of {','.join(DriftKind)}"
                self.fail(f"{rule}; {advice}" if advice else rule, param, ctx)
        return frozenset(map(DriftKind, names))


class ShardType(click.ParamType[Shard | str]):
    """``I/N``, or ``auto``, which stays as it is."""

    name = "I/N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> Shard | str:
        """Turn ``2/3`` into a shard."""
        if isinstance(value, Shard):
            return value
        if value == AUTO:
            return AUTO
        match = _SHARD.fullmatch(str(value))
        if match is None:
            self.fail("write I/N, such as 2/3 for the second of three shards, or auto", param, ctx)
        shard = Shard(int(match[1]), int(match[2]))
        if not 1 <= shard.index <= shard.of:
            self.fail(f"shards count from 1: write 1/N to N/N, and not {shard}", param, ctx)
        if shard.of > MOST:
            self.fail(f"a run has at most {MOST} shards", param, ctx)
        return shard


class NumberType(click.ParamType[float]):
    """A number from `least` to `most`. Errors do not quote it: it may be a misplaced key."""

    name = "N"

    def __init__(self, rule: str, least: float, most: float, *, whole: bool = False) -> None:
        self._rule = rule
        self._least = least
        self._most = most
        self._whole = whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> float:
        """Turn text into a number."""
        try:
            number: float = int(str(value)) if self._whole else float(value)
        except ValueError:
            return self.fail(self._rule, param, ctx)
        if not self._least <= number <= self._most:  # which is so of no NaN
            self.fail(self._rule, param, ctx)
        return number


class DurationType(click.ParamType[timedelta]):
    """A length of time with its unit."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> timedelta:
        """Turn ``90m``, ``24h`` or ``7d`` into a duration."""
        if isinstance(value, timedelta):
            return value
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail("write a number and s, m, h or d, for example 90m, 24h or 7d", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class SecondsType(click.ParamType[float]):
    """A length of time: of seconds where it has no unit."""

    name = "DURATION"

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> float:
        """Turn ``90``, ``90s`` or ``5m`` into seconds."""
        if _DURATION.fullmatch(str(value)):
            length: timedelta = DurationType().convert(value, param, ctx)
            value = length.total_seconds()
        return _SECONDS.convert(value, param, ctx)


_SECONDS = NumberType("write seconds, or a duration such as 90s or 5m, at most 365d", 0, 31_536_000)
