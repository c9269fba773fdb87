r"""What a text from outside must not do to whatever shows it: a terminal, or the log of a pipeline.

Names, annotations and messages of servers may hold control characters, which drive a terminal, and
workflow commands, which the runner of a pipeline carries out. Runners read standard output and
standard error line by line, ``\r`` included, and look for ``##[name]`` (GitHub, Azure),
``##vso[name]`` (Azure) and ``##teamcity[name]`` anywhere in a line, and for ``::name::`` (GitHub)
at its start, behind white space. Their comparisons skip characters that sort as nothing. So no
``#`` may be followed by another, and no line may start with two colons, whatever stands between
them that is not ASCII.

Sources: ``ActionCommand.cs`` of actions/runner, ``Command.cs`` of microsoft/azure-pipelines-agent,
"Service Messages" of TeamCity, and .NET's culture-sensitive ``IndexOf`` and ``StartsWith``. The
section markers of GitLab need ``\r`` and an escape character, of which `escaped` leaves none.
"""

from __future__ import annotations

import re

_SUSPECT = re.compile(r"[^\x20-\x7e]| {4,}")
# Printable by category, and yet nothing is seen (Unicode: Default_Ignorable_Code_Point; and the
# braille blank).
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# Each begins with a set of characters, which `re` looks for quickly. A match ends with the
# character that is to be escaped.
_COMMAND = re.compile(
    r"[#\n\r](?:(?<=#)(?=[^\n\x20-\x7e]*#)|(?<!#)[^\n\r\x21-\x7e]*:(?=[^\n\x20-\x7e]*:))"
)
_SUSPECT_IN_QUOTES = re.compile(r"[^\n\x20-\x22\x24-\x7e](?:(?<!#)|(?=[^\n\x20-\x7e]*#))")


def is_seen(character: str) -> bool:
    """Whether `character` shows itself and nothing else: no control, format or bidi character."""
    return character.isprintable() and not _UNSEEN.match(character)


def escaped(text: str) -> str:
    r"""`text` on one line: what would not be seen is written as ``\n`` or ``\u202e``.

    So are four or more spaces in a row, with which text could be pushed to the start of the next
    row of a terminal. Workflow commands stay: they depend on what stands around `text`.
    """
    return _SUSPECT.sub(_escape, text)


def inert(text: str) -> str:
    r"""`text`, all that is printed at a time, without workflow commands: ``\u0023#[name]``."""
    lines = f"\n{text}"
    # Nearly every text is returned as it is: a copy of a large one takes much memory.
    return _COMMAND.sub(_disarm, lines)[1:] if _COMMAND.search(lines) else text


def json_text(text: str) -> str:
    r"""JSON `text` of the same data, all visible and inert: the rest becomes ``\u`` escapes."""
    return _SUSPECT_IN_QUOTES.sub(_json_escape, text)


def yaml_text(text: str) -> str:
    r"""YAML `text` of the same data, all visible and inert: the rest becomes ``\u`` escapes.

    What `is_plain` does not let through must stand in double quotes.
    """
    return inert(_SUSPECT_IN_QUOTES.sub(_yaml_escape, text))


def is_plain(text: str) -> bool:
    """Whether `text`, of one line or more, is all visible and inert."""
    return yaml_text(text) == text


def code_point(character: str) -> str:
    r"""``\u202e``, or ``\U000e0001`` above the basic plane."""
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - the basic plane's end


def _escape(match: re.Match[str]) -> str:
    suspect = match[0]
    if suspect[0] == " ":
        return r"\u0020" * len(suspect)
    if is_seen(suspect):
        return suspect
    return _SHORT_ESCAPES.get(suspect) or code_point(suspect)


def _disarm(match: re.Match[str]) -> str:
    return match[0][:-1] + code_point(match[0][-1])


def _json_escape(match: re.Match[str]) -> str:
    character = match[0]
    if character != "#" and is_seen(character):
        return character
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _yaml_escape(match: re.Match[str]) -> str:
    character = match[0]
    return character if character != "#" and is_seen(character) else code_point(character)
