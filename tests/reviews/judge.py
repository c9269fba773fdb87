"""A reader of plans that knows nothing but their text: what will happen, to whom, and for good?

It imports nothing of the package. It reads JSON and Markdown, each by itself, and is strict: a line
that it does not understand, or that it misses, makes the text malformed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

ACTIONS = {"+": "create", "~": "update", "-/+": "replace", "-": "delete"}
CHAPTERS = {
    "Deletes": "delete",
    "Replaces": "replace",
    "Removed keys": "removed-keys",
    "Changes with warnings": "warning",
    "Other changes": "ordinary",
}
RISKS = list(CHAPTERS.values())
FIELDS = {"+": "added", "!": "changed", "-": "removed"}
NOTES = {
    "renamed": "a rename: ",
    "moved": "a move",
    "swapped": " swap their values",
    "equal-to": ", which is in sync",
    "owner-added": " owns it from now on",
    "stale-kubelets": "running Pods may be served",
}
_UNTIL = "running Pods keep the old value until they are restarted"
_NODE = (
    "Pods keep the old value, and a node gives it to new Pods as well, as long as any Pod there "
    "refers to the name"
)
_SYNC = (
    "running Pods see the new value once their kubelet has synchronised, by default after 60 to "
    "75 s at most"
)
USES = {
    ("", ""): ("other", "unknown"),
    ("in variables", _UNTIL): ("variable", "restart"),
    ("with subPath", _UNTIL): ("sub-path", "restart"),
    ("in a volume", _SYNC): ("volume", "sync"),
    ("to pull images", "the next pull uses the new value"): ("pull", "pull"),
    ("in variables", _NODE): ("variable", "name"),
    ("in a volume", _NODE): ("volume", "name"),
    ("with subPath", _NODE): ("sub-path", "name"),
    ("to pull images", _NODE): ("pull", "name"),
}
"""How a Secret is used, in the words of Markdown and in those of JSON."""
NATURES = {
    "now the base64 of the old value": "encoded",
    "the old value was the base64 of this one": "decoded",
    "only white space differs": "whitespace",
    "only the encoding differs": "encoding",
}


class Malformed(Exception):
    """The text contradicts itself, or holds what the judge does not know."""


@dataclass
class Fate:
    """What happens to one object."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    """What happens to each field: added, changed or removed, and what is said of it."""
    kept: set[str] = field(default_factory=set)
    type: str = ""
    keys: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    takes: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    copies: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    users: dict[str, str] = field(default_factory=dict)
    """Who uses it, and how each of them comes to the new value."""
    place: str = ""
    reasons: str = ""

    @property
    def for_good(self) -> bool:
        """Whether something is gone afterwards that nobody can put back."""
        return bool(self.lost)

    @property
    def risk(self) -> str:
        if self.action in {"delete", "replace"}:
            return self.action
        if any(
            name.startswith("data[") and "removed" in said for name, said in self.fields.items()
        ):
            return "removed-keys"
        return "warning" if self.warnings else "ordinary"


@dataclass
class Verdict:
    """What will happen, by the names of the objects."""

    fates: dict[str, Fate] = field(default_factory=dict)
    in_sync: int = 0
    keepers: dict[str, set[str]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    head: str = ""

    def check(self, counts: dict[str, int]) -> None:
        names = dict.fromkeys(ACTIONS.values(), 0)
        for fate in self.fates.values():
            names[fate.action] += 1
        demand(names == {action: counts[action] for action in names}, "counts")
        for fate in self.fates.values():
            gone = fate.action in {"delete", "replace"}
            demand(bool(fate.type) or not gone, "type")
            demand(bool(fate.place) == (fate.action != "delete"), "place")
            demand(bool(fate.reasons), "reasons")
            losing = set(fate.keys) if fate.action == "delete" else removed(fate)
            demand(fate.lost <= losing or fate.action == "replace", "lost")
            if losing and not fate.lost >= losing:
                demand(bool(fate.copies), "copies")


def removed(fate: Fate) -> set[str]:
    return {
        name.removeprefix("data[").removesuffix("]")
        for name, said in fate.fields.items()
        if name.startswith("data[") and said.startswith("removed")
    }


def demand(holds: bool, what: str) -> None:  # noqa: FBT001 - like assert
    if not holds:
        raise Malformed(what)


# --- JSON -------------------------------------------------------------------------------------

_PLAN = [
    "format",
    "store",
    "configuration",
    "options",
    "summary",
    "changes",
    "steps",
    "refusals",
    "problems",
    "notices",
]
_CHANGE = [
    "key",
    "generateName",
    "action",
    "reasons",
    "risk",
    "fields",
    "kept",
    "notes",
    "consumers",
    "warnings",
    "removal",
    "patch",
    "precondition",
    "sealed",
    "restartedFor",
    "source",
]
_FIELD = ["field", "path", "change", "nature", "drift", "manager", "restores"]
_USER = [
    "kind",
    "namespace",
    "name",
    "secret",
    "key",
    "optional",
    "field",
    "manifest",
    "way",
    "reach",
]
_SOURCE = ["file", "line", "column", "document", "item"]
_WARNING = ["severity", "code", "message", "hint", "object", "field", "source"]
_REMOVAL = ["type", "keys", "foreign", "takes", "lost", "copies"]


def exact(document: Any, names: list[str], *optional: str) -> dict[str, Any]:
    demand(isinstance(document, dict) and document.keys() - set(optional) == set(names), str(names))
    return dict(document)


def name_of(key: Any) -> str:
    exact(key, ["kind", "namespace", "name"])
    return "/".join(part for part in (key["kind"], key["namespace"], key["name"]) if part)


def path_text(path: list[str]) -> str:
    *group, name = path
    return f"{'.'.join(group)}[{name}]" if group else name


def from_json(text: str) -> Verdict:
    try:
        plan = exact(json.loads(text), _PLAN)
    except ValueError as error:
        raise Malformed(str(error)) from None
    verdict = Verdict(head=json.dumps([plan["store"], plan["options"], plan["format"]]))
    demand(plan["refusals"] == plan["problems"] == [] and plan["configuration"] is None, "blocked")
    exact(plan["store"], ["scheme", "id", "location"])
    demand(len(plan["options"]) == 21, "options")
    steps = {}
    for step in plan["steps"]:
        exact(step, ["key", "action", "wave", "after"])
        steps[name_of(step["key"])] = step["action"]
        verdict.head += json.dumps(step)
    for change in plan["changes"]:
        exact(change, _CHANGE)
        name = name_of(change["key"])
        values = [[item.get("before"), item.get("after")] for item in change["fields"]]
        verdict.head += json.dumps([name, values, change["patch"], change["precondition"]])
        demand((change["precondition"] is None) == (change["action"] == "create"), "seen")
        demand(change["sealed"] is False, "sealed")  # the exercises encrypt nothing
        demand(change["restartedFor"] == [], "restarts")  # and nothing runs
        if change["precondition"]:
            exact(change["precondition"], ["uid", "resourceVersion"])
        for operation in change["patch"]:
            demand({"op", "path"} <= operation.keys(), "patch")
            demand(("value" in operation) == (operation["op"] != "remove"), "patch")
        if change["action"] == "no-op":
            verdict.in_sync += 1
            kept = {exact(item, ["field", "path"])["field"] for item in change["kept"]}
            demand(all(path_text(item["path"]) == item["field"] for item in change["kept"]), "path")
            verdict.head += json.dumps([change["kept"], change["source"], change["warnings"]])
            exact(change["source"], _SOURCE)
            if kept:
                verdict.keepers[name] = kept
            continue
        demand(steps.pop(name, "") == change["action"], "steps")
        fate = _fate(change)
        demand(fate.risk == change["risk"], "risk")
        demand(name not in verdict.fates, "twice")
        verdict.fates[name] = fate
    demand(not steps, "steps")
    for notice in plan["notices"]:
        verdict.notices.append(exact(notice, ["code", "message"])["message"])
    told = "create update replace delete release restart inSync driftedFields sealedValues canApply"
    summary = exact(plan["summary"], told.split())
    drifted = sum(
        "drift" in said for fate in verdict.fates.values() for said in fate.fields.values()
    )
    demand(summary["inSync"] == verdict.in_sync and summary["canApply"] is True, "in sync")
    demand(summary["driftedFields"] == drifted and summary["release"] == 0, "drift")
    demand(summary["restart"] == 0, "restarts")
    demand(summary["sealedValues"] == 0, "sealed")
    verdict.check(summary)
    return verdict


def _fate(change: dict[str, Any]) -> Fate:
    fate = Fate(change["action"], reasons=" ".join(change["reasons"]))
    for item in change["fields"]:
        exact(item, _FIELD, "before", "after")
        demand(("before" in item) == (item["change"] != "added"), "before")
        demand(("after" in item) == (item["change"] != "removed"), "after")
        demand(path_text(item["path"]) == item["field"], "path")
        said = [item["change"]]
        if item["nature"] != "content":
            said.append(item["nature"])
        if item["drift"]:
            said.append("drift restored" if item["restores"] else "drift")
        fate.fields[item["field"]] = " ".join(said)
    for item in change["kept"]:
        demand(path_text(exact(item, ["field", "path"])["path"]) == item["field"], "path")
        fate.kept.add(item["field"])
    for note in change["notes"]:
        fate.notes.append(exact(note, ["code", "message"])["message"])
        demand(note["code"] in NOTES and NOTES[note["code"]] in note["message"], "note")
    for warning in change["warnings"]:
        exact(warning, _WARNING)
        exact(warning["source"], _SOURCE)
        demand(warning["severity"] == "warning", "severity")
        demand(warning["object"] == name_of(change["key"]), "object")
        fate.warnings.append(f"{warning['code']} {warning['field']}: {warning['message']}")
    for user in change["consumers"]:
        demand(name_of(exact(user, _USER)["secret"]) == name_of(change["key"]), "secret")
        known = user["reach"] == "unknown" or (user["way"], user["reach"]) in USES.values()
        demand(known, "reach")
        use = " ".join((user["way"], user["reach"])) if user["reach"] != "unknown" else "unknown"
        fate.users[f"{user['kind']}/{user['namespace']}/{user['name']}"] = use
    if change["source"]:
        fate.place = f"{exact(change['source'], _SOURCE)['file']}:{change['source']['line']}"
    if change["removal"]:
        taken = exact(change["removal"], _REMOVAL)
        fate.type, fate.keys = taken["type"], {*taken["keys"]}
        fate.foreign, fate.lost = {*taken["foreign"]}, {*taken["lost"]}
        fate.takes = {*map(name_of, taken["takes"])}
        fate.copies = {*map(name_of, taken["copies"])}
    return fate


# --- Markdown ---------------------------------------------------------------------------------

_SUMMARY = re.compile(
    r"### Plan: (\d+) to create, (\d+) to update, (\d+) to replace, (\d+) to delete; "
    r"(\d+) in sync\.(?: Removes (.+?)(?: and (\d+) more keys)?\.)?"
)
_CHAPTER = re.compile(r"#### (.+): (\d+) objects?")
_OPENING = re.compile(r"<details(?: open)?><summary><code>(\S+) ([^<]+)</code> (.+)</summary>")
_SHORT = re.compile(r"- `(\+|~|-/\+|-) ([^`]+)` (.+)")
_ROW = re.compile(r"([+!=-]) (\S+)(?:  +(.*))?")
_GROUP = re.compile(r"(\d+) Secrets alike(?:, .+)?")
_KEEPER = re.compile(r"- `([^`]+)` keeps (.+)")
_KEEPERS = "In sync, with fields of others that stay:"
_DRIFT = re.compile(r"Drift: (\d+) fields? of (\d+) objects? changed outside of this tool .*\.")


class _Lines:
    def __init__(self, text: str) -> None:
        self.left = [line for line in text.split("\n") if line.strip()]

    def peek(self) -> str:
        return self.left[0] if self.left else ""

    def take(self, pattern: re.Pattern[str] | None = None) -> Any:
        demand(bool(self.left), "end")
        line = self.left.pop(0)
        if pattern is None:
            return line
        match = pattern.fullmatch(line)
        demand(match is not None, line)
        return match


def listed(text: str) -> set[str]:
    return {part.strip("`") for part in text.split(", ")}


def from_markdown(text: str) -> Verdict:
    lines = _Lines(text)
    summary = lines.take(_SUMMARY)
    counts = dict(zip(ACTIONS.values(), map(int, summary.groups()[:4]), strict=True))
    verdict = Verdict(in_sync=int(summary[5]), head=lines.take())
    demand(verdict.head.startswith("Set "), "head")
    drift = lines.take(_DRIFT) if lines.peek().startswith("Drift:") else None
    row = " | ".join(summary.groups()[:5])
    demand(lines.take() == "| create | update | replace | delete | in sync |", "table")
    demand(lines.take() == "| --: | --: | --: | --: | --: |", "table")
    demand(lines.take() == f"| {row} |", "table")
    _chapters(lines, verdict)
    if lines.peek() == _KEEPERS:
        lines.take()
        while keeper := _KEEPER.fullmatch(lines.peek()):
            lines.take()
            verdict.keepers[keeper[1]] = listed(keeper[2])
        demand(bool(verdict.keepers), "keepers")
    while lines.left:
        notice = lines.take()
        demand(notice.startswith("- ") and " keeps " not in notice, notice)
        verdict.notices.append(notice[2:].replace("`", ""))
    drifting = [
        sum("drift" in said for said in fate.fields.values()) for fate in verdict.fates.values()
    ]
    found = (sum(drifting), sum(map(bool, drifting)))
    demand(found == ((int(drift[1]), int(drift[2])) if drift else (0, 0)), "drift")
    gone = set().union(*map(removed, verdict.fates.values()))
    named = listed(summary[6]) if summary[6] else set()
    demand(named <= gone and len(gone) == len(named) + int(summary[7] or 0), "removes")
    verdict.check(counts)
    return verdict


def _chapters(lines: _Lines, verdict: Verdict) -> None:
    seen: list[str] = []
    headed = _CHAPTER.fullmatch(lines.peek()) is not None
    while True:
        heading = _CHAPTER.fullmatch(lines.peek())
        if heading:
            lines.take()
            demand(headed, "heading")
        names = _entries(lines, verdict)
        if not names:
            demand(not heading, "empty chapter")
            break
        risks = {verdict.fates[name].risk for name in names}
        demand(len(risks) == 1, "mixed chapter")
        if heading:
            demand(risks == {CHAPTERS[heading[1]]}, "chapter")
            demand(len(names) == int(heading[2]), "chapter count")
        seen += risks
    demand(seen == sorted(set(seen), key=RISKS.index), "order of risks")
    demand(headed == (len(seen) > 1), "headings")


def _entries(lines: _Lines, verdict: Verdict) -> list[str]:
    names: list[str] = []
    while True:
        short, opening = _SHORT.fullmatch(lines.peek()), _OPENING.fullmatch(lines.peek())
        match = short or opening
        if match is None:
            return names
        lines.take()
        fate = Fate(ACTIONS[match[1]], reasons=match[3])
        demand(match[3].startswith(f"{fate.action}: "), "action")
        objects = [match[2]]
        if opening:
            objects = _body(lines, fate, match[2])
        for name in objects:
            demand(name not in verdict.fates, "twice")
            verdict.fates[name] = fate
        names += objects


def _body(lines: _Lines, fate: Fate, title: str) -> list[str]:
    group = _GROUP.fullmatch(title)
    objects = [] if group else [title]
    if lines.peek().startswith("`") and not lines.peek().startswith("```"):
        fate.place = lines.take().strip("`")
    if lines.peek() == "```diff":
        lines.take()
        while lines.peek() != "```":
            _field(lines.take(_ROW), fate)
        lines.take()
    while lines.peek() != "</details>":
        line = lines.take()
        demand(line.startswith("- "), line)
        plain = line[2:].replace("`", "")
        if group and re.fullmatch(r"Secret/\S+(?:, Secret/\S+)*", plain):
            objects += plain.split(", ")
        else:
            _remark(plain, fate)
    lines.take()
    if group:
        demand(len(objects) == int(group[1]), "names of a group")
        fate.place = fate.place or "(many)"
    return objects


def _field(row: re.Match[str], fate: Fate) -> None:
    symbol, name, rest = row.groups()
    if symbol == "=":
        demand(rest == "kept: not ours", "kept")
        fate.kept.add(name)
        return
    said = [FIELDS[symbol]]
    said += [nature for words, nature in NATURES.items() if words in rest]
    if "changed outside of this tool" in rest:
        said.append("drift restored" if "back to what was applied last" in rest else "drift")
    demand(name not in fate.fields and bool(rest), "field")
    fate.fields[name] = " ".join(said)


def _remark(text: str, fate: Fate) -> None:
    head, _, rest = text.partition(": ")
    if warning := re.fullmatch(r"warning\[([^\]]+)\] (.+?)(?: \([^()]*\))?", text):
        fate.warnings.append(f"{warning[1]} {warning[2]}")
    elif described := re.fullmatch(r"type (\S+); (?:keys: (.+)|no keys)", text):
        fate.type, fate.keys = described[1], listed(described[2]) if described[2] else set()
    elif head == "somebody else added these keys, which are deleted with it":
        fate.foreign = listed(rest)
    elif head == "also deletes what belongs to it":
        fate.takes = listed(rest)
    elif head == "no other copy is known of these values":
        fate.lost = listed(rest)
    elif head in {"the other values are also in", "these values are also in"}:
        fate.copies = listed(rest)
        demand(("other" in head) == bool(fate.lost), "copies")
    elif used := re.fullmatch(r"used (.*?)by ([^:]+)(?:: (.+))?", text):
        way, reach = USES.get((used[1].strip(), used[3] or ""), ("", ""))
        demand(bool(reach), text)
        use = f"{way} {reach}" if reach != "unknown" else "unknown"
        fate.users.update(dict.fromkeys(listed(used[2]), use))
    else:
        demand(any(words in text for words in NOTES.values()), text)
        fate.notes.append(text)
