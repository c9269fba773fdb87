"""Pages of HTML, read as a browser reads them, and plans of many sizes to make them of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

from reconciler.errors import ReconcilerError
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Action, Change, Plan, Reason
from reconciler.views.formats import Style, Subject
from reconciler.views.html import environments, styled_plan
from reconciler.views.overview import Merging, compact_of
from tests.unit.views import samples

_VOID = {"meta", "input"}


@dataclass
class Tag:
    """An element with its attributes, and the text directly in it."""

    name: str
    attributes: dict[str, str | None]
    text: str = ""
    children: list[Tag] = field(default_factory=list)

    def all(self, name: str = "", **attributes: str) -> list[Tag]:
        """The elements inside of this name and with these attributes, in order."""
        wanted = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
        return [
            tag
            for tag in self._inside()
            if name in {"", tag.name} and wanted.items() <= tag.attributes.items()
        ]

    def content(self) -> str:
        """All text inside, without that of style and script, spaced as if each were a word."""
        if self.name in {"style", "script"}:
            return ""
        texts = [self.text, *(child.content() for child in self.children)]
        return re.sub(r"\s+", " ", " ".join(texts)).strip()

    def _inside(self) -> Iterator[Tag]:
        for child in self.children:
            yield child
            yield from child._inside()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Tag("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Tag(tag, dict(attrs))
        assert len(element.attributes) == len(attrs), "an attribute stands twice"
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, "elements close in the order in which they opened"

    def handle_data(self, data: str) -> None:
        self.open[-1].text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def parsed(page: str) -> Tag:
    """The page as a tree; every element is closed, and there is no comment."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    (root,) = parser.open
    return root


def shape(tag: Tag) -> str:
    """The tree without its texts and the values of its attributes."""
    inside = " ".join(map(shape, tag.children))
    return f"({tag.name} {sorted(tag.attributes)} {inside})"


def plan_of(count: int) -> Plan:
    """A plan of so many updates in three namespaces, half of them alike, after all samples."""
    changes = [
        Change(
            key=ObjectKey("Secret", f"team-{number % 3}", f"app-{number:03}"),
            action=Action.UPDATE,
            reasons=(Reason.DATA,),
            fields=(
                samples.changed(
                    samples.data("password" if number % 2 else f"key-{number}"),
                    samples.value(number),
                    samples.value(number + 1),
                ),
            ),
            source=samples.place("app.yaml", number + 1),
        )
        for number in range(count)
    ]
    everything = samples.EVERYTHING
    return replace(everything, changes=tuple(sorted([*everything.changes, *changes], key=_key)))


def _key(change: Change) -> ObjectKey:
    return change.key


def overview() -> str:
    """Many environments at a glance, with a failure and sections, as a page."""
    merging = Merging()
    plans = {"staging": samples.EVERYTHING, "eu-1": samples.REFUSED, "eu-2": samples.EVERYTHING}
    plans |= {f"us-{number}": samples.EVERYTHING for number in range(6)}
    for name, plan in plans.items():
        merging.add(compact_of(name, plan))
    error = ReconcilerError("no such store", details=["a", "b"], hint="make one")
    merging.add(compact_of("ap-1", None, error=error))
    inside = styled_plan(samples.EVERYTHING, Style(is_part=True))
    parts = [
        environments.part("staging", inside, None),
        environments.part("ap-1", "", error),
    ]
    return environments.overview(merging.overview(), Subject.PLAN, "10 environments.", parts)
