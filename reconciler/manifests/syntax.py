"""What to say of text that libyaml cannot parse: its own words, and what most likely happened."""

from __future__ import annotations

import re

from yaml.error import MarkedYAMLError

from reconciler.manifests.nodes import Malformed

CODE = "yaml-invalid"
"""The code of all that libyaml refuses."""

_UNCLOSED = {"found unexpected end of stream", "found unexpected document indicator"}
_CANNOT_START = "found character that cannot start any token"
_HINTS = {
    **dict.fromkeys(_UNCLOSED, "close the quote that begins here"),
    "mapping values are not allowed in this context": (
        "check the indentation, and put values that hold ': ' in quotes"
    ),
    "did not find expected <document start>": (
        "remove directives (lines that begin with %), which kubectl refuses, and check the "
        "indentation"
    ),
    "did not find expected key": "check the indentation, and that all quotes are closed",
    "could not find expected ':'": "check the indentation of this line and the one before",
    "did not find expected ',' or '}'": (
        "close the { that is open here, or put the value that begins with it in quotes"
    ),
    "did not find expected ',' or ']'": (
        "close the [ that is open here, or put the value that begins with it in quotes"
    ),
    "found invalid Unicode character escape code": (
        r"write the character itself, or one escape of the form \U0001F600"
    ),
    "found unknown escape character": "use single quotes if the backslash is meant literally",
}
_OURS = re.compile(r"^<{7}(?: .*)?$", re.MULTILINE)
_THEIRS = re.compile(r"^>{7}(?: .*)?$", re.MULTILINE)
_FENCE = "```"


def malformed(text: str, error: MarkedYAMLError) -> Malformed:
    """The error for `text`, of which libyaml says `error`."""
    if (ours := _OURS.search(text)) and _THEIRS.search(text, ours.end()):
        return Malformed(
            CODE,
            "a merge conflict of Git begins here",
            ours.start(),
            "resolve it, and remove the lines <<<<<<<, ======= and >>>>>>>",
        )
    problem = error.problem or error.context or "the syntax is broken"
    mark = (error.context_mark if problem in _UNCLOSED else None) or error.problem_mark
    place = min(mark.index, len(text)) if mark else 0  # libyaml counts an end of the last line
    hint = _hint_at(text, place) if problem == _CANNOT_START else _HINTS.get(problem, "")
    return Malformed(CODE, f"this is not valid YAML: {problem}", place, hint)


def _hint_at(text: str, place: int) -> str:
    """What to do about the character at `place`, with which nothing can begin."""
    if text.startswith(_FENCE, place):
        return f"remove the lines {_FENCE}, which are Markdown"
    character = text[place : place + 1]
    if character == "\t":
        return "indent with spaces: this is a tab"
    return f"put the value in quotes: none can begin with {character} without"
