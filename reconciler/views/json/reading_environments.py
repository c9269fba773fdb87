"""What came of several environments, read back from JSON; nothing in there is trusted.

The reverse of the JSON that `reconciler.views.joined` makes of plans and of drift reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.errors import ExitCode, ReconcilerError, worst
from reconciler.model.environments import NAME_RULE, is_environment_name
from reconciler.model.nodes import Misfit, Node
from reconciler.model.shards import MOST, Shard, Share
from reconciler.views.formats import EnvironmentResult, Environments, Subject
from reconciler.views.heading import HeadedDrift, HeadedPlan
from reconciler.views.json.parts import Document
from reconciler.views.json.reading import read_plan
from reconciler.views.json.reading_drift import read_drift

Headed = HeadedPlan | HeadedDrift

_READERS: Mapping[Subject, Callable[[Document], Headed]] = {
    Subject.PLAN: read_plan,
    Subject.DRIFT: read_drift,
}


def read_environments(document: Document) -> Environments:
    """What several environments came to, of which a command has made `document`.

    Raises:
        Misfit: it is anything else, or holds neither plans nor drift reports.
    """
    node = Node(document)
    members = node.record(
        "format",
        "subject",
        "configuration",
        "environments",
        "exitCode",
        optional=["shard", "groups"],  # groups are made anew of the environments
    )
    subject = members["subject"].word(Subject)
    if subject not in _READERS:
        raise members["subject"].misfit(f"{' or '.join(_READERS)} is expected")
    results = members["environments"].items(lambda each: _result(each, subject))
    if _code(members["exitCode"]) is not worst(result.code for result in results):
        raise members["exitCode"].misfit("this contradicts the rest")
    shares = (_share(members["shard"]),) if "shard" in members else ()
    return Environments(subject, results, members["configuration"].text(), shares)


def _result(node: Node, subject: Subject) -> EnvironmentResult:
    members = node.record("environment", "exitCode", "error", subject.value)
    name = _name(members["environment"])
    error = members["error"].optional(_error)
    headed = members[subject.value].optional(_READING[subject])
    if error is None and headed is None:
        raise node.misfit(f"a {subject.value} or an error is expected")
    return EnvironmentResult(name, _code(members["exitCode"]), headed, error)


def _within(read: Callable[[Document], Headed]) -> Callable[[Node], Headed]:
    def headed(node: Node) -> Headed:
        try:
            return read(node.content)
        except Misfit as misfit:
            place = ".".join(filter(None, (node.place, misfit.place)))
            raise Misfit(place, misfit.message) from None

    return headed


_READING = {subject: _within(read) for subject, read in _READERS.items()}


def _share(node: Node) -> Share:
    members = node.record("index", "of", "environments", "digest")
    shard = Shard(members["index"].count(), members["of"].count())
    share = Share(shard, members["environments"].items(_name))
    if not 1 <= shard.index <= shard.of <= MOST:
        raise node.misfit(f"a shard of at most {MOST} is expected")
    if len({*share.chosen}) < len(share.chosen):
        raise members["environments"].misfit("each name is expected once")
    if members["digest"].text() != share.digest:
        raise members["digest"].misfit("this contradicts the rest")
    return share


def _name(node: Node) -> str:
    name = node.text()
    if not is_environment_name(name):
        raise node.misfit(NAME_RULE)
    return name


def _error(node: Node) -> ReconcilerError:
    members = node.record("message", "details", "hint")
    return ReconcilerError(
        members["message"].text(),
        details=members["details"].items(Node.text),
        hint=members["hint"].text(),
    )


def _code(node: Node) -> ExitCode:
    number = node.count()
    if number not in {*ExitCode}:
        raise node.misfit(f"one of {', '.join(map(str, map(int, ExitCode)))} is expected")
    return ExitCode(number)
