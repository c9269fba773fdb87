"""What the official client says of a kubeconfig, in words that quote nothing of it.

Its own texts quote whole entries, tokens and keys included, and what a plugin has printed.
"""

from __future__ import annotations

import re

_OF_KUBECONFIG = (
    (r"Invalid kube-config file\. Expected key ([a-z-]+) in ", r"an entry of it has no \1"),
    (
        r"Invalid kube-config file\. Expected object with name .*/([a-z]+)s list$",
        r"it has no \1 of the name that is asked for",
    ),
    (r"Invalid kube-config file\. Expected only one ", "a name occurs twice"),
    (r"Invalid kube-config file\. Expected all values in ", "an entry of it has no name"),
    (r"File does not exist: ", "a file that it names does not exist"),
    (r"Invalid kube-config\..* file is empty$", "it is empty"),
)
_OF_PLUGIN = (
    (r"\[Errno \d+\] ([^:]+: '[^']*')$", r"\1"),
    (r"exec: process returned (-?\d+)", r"it ended with exit code \1"),
    (r"exec: (malformed (?:request|response)\. missing key '[A-Za-z]+')$", r"\1"),
    (r"exec: (missing [A-Za-z ]+ field) in plugin output$", r"\1"),
    (r"exec: plugin api version ", "it speaks another version of the API"),
)


def of_kubeconfig(text: str) -> str:
    """What is wrong with the kubeconfig when the client raises `text`."""
    return _in_words(text, _OF_KUBECONFIG)


def of_plugin(text: str) -> str:
    """What is wrong with the credentials plugin when the client logs `text`."""
    return _in_words(text, _OF_PLUGIN)


def _in_words(text: str, table: tuple[tuple[str, str], ...]) -> str:
    for pattern, words in table:
        match = re.match(pattern, text, re.DOTALL)
        if match:
            return match.expand(words)
    return "the client does not understand it"
