"""Telling receivers what drift checks came to, when that changes.

Whatever goes wrong here is said, and changes neither the result of the check nor its exit code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reconciler.errors import ConfigError, ReconcilerError
from reconciler.model.drift import DriftReport
from reconciler.model.news import Told
from reconciler.notify.memory import Memory, remembered
from reconciler.notify.receivers import NotTold, Receiver, receivers_of
from reconciler.planning.news import accepted, attempted, next_news, standing_of
from reconciler.stores.keys import key_content
from reconciler.views.letters import Finding, letter
from reconciler.workflow.defaults import utc_now

VARIABLE = "RECONCILER_NOTIFY"
_COMMENT = re.compile("^#.*", re.MULTILINE)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a check came to: its report, or the error that ended it."""

    report: DriftReport | None = None
    error: Exception | None = field(default=None, repr=False)


def ended(check: Callable[[], DriftReport]) -> Ended:
    """What `check` comes to.

    Raises:
        BrokenPipeError: nobody reads any more what the program prints.
    """
    try:
        return Ended(check())
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, receivers are told
        return Ended(error=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who is told about the checks of a set, and the file that remembers what they were told."""

    set_name: str
    environment: str
    receivers: tuple[Receiver, ...] = field(repr=False)
    memory: Path
    say: Say
    clock: Callable[[], datetime] = utc_now

    def tell(self, end: Ended) -> None:
        """Tell each receiver what is new to it."""
        finding = Finding(
            set_name=self.set_name,
            environment=self.environment,
            now=self.clock(),
            report=end.report,
            error="" if end.error is None else _shown(end.error),
        )
        try:
            with remembered(self.memory, self.set_name) as memory:
                for receiver in self.receivers:
                    self._tell(receiver, memory, finding)
        except ReconcilerError as problem:
            self.say(f"Warning: nobody was told: {problem.message}")

    def _tell(self, receiver: Receiver, memory: Memory, finding: Finding) -> None:
        name = memory.name_of(receiver.url)
        told = memory.told.get(name, Told())
        now = standing_of(finding.report, told.standing)
        while news := next_news(told.standing, now):
            kind, aim = news
            noted = attempted(told, aim, finding.now.timestamp())
            if noted is None:
                return
            memory.told[name] = noted
            memory.save()  # before anything is sent: whoever cannot remember must not repeat
            message = letter(
                kind, finding, aim, sender=f"{memory.salt.hex()} {name}", number=told.number
            )
            try:
                receiver.send(message)
            except NotTold as problem:
                self.say(f"Warning: {receiver.name} was not told: {problem.message}")
                return
            memory.told[name] = told = accepted(noted)
            memory.save()


def _shown(error: Exception) -> str:
    """What receivers are told of an error: of an unexpected one nothing that might be a value."""
    if isinstance(error, ReconcilerError):
        return error.message
    return f"unexpected {type(error).__name__}"


def telling_of(
    set_name: str,
    environment: str,
    urls: Sequence[str],
    memory: str | None,
    environ: Mapping[str, str],
    *,
    say: Say,
) -> Telling | None:
    """Who is to be told: `urls`, and those in RECONCILER_NOTIFY or the file that it names.

    Raises:
        ConfigError: one is no URL that anything here understands, or `memory` is not given.
    """
    given = key_content(environ, VARIABLE)
    text = given[0].decode(errors="replace") if given else ""
    receivers = receivers_of([*urls, *_COMMENT.sub("", text).split()])
    if not receivers:
        return None
    if not memory:
        raise ConfigError(
            "--notify: there is no file that remembers what was told",
            hint="name one with --notify-state FILE, on a disk that outlives the check",
        )
    return Telling(
        set_name=set_name,
        environment=environment,
        receivers=receivers,
        memory=Path(memory),
        say=say,
    )
