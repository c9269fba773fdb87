"""The types of the values of options."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

from reconciler.model.objects import KINDS, NAMESPACE, ObjectKey
from reconciler.model.plans import DeleteLimit

_TOO_LONG = 10
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
        known = {name.lower(): name for name in KINDS}.get(kind.lower())
        if known == NAMESPACE and len(rest) == 1 and rest[0]:
            return ObjectKey(known, "", rest[0])
        if known not in {None, NAMESPACE} and len(rest) == 2 and all(rest):  # noqa: PLR2004
            return ObjectKey(str(known), rest[0], rest[1])
        return self.fail("write KIND/NAMESPACE/NAME, for example Secret/shop/database", param, ctx)


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
        """Let through what may be a label's value and says anything."""
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
