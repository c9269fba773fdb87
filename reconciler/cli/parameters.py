"""Parameters of click that help lists under a heading. Every ``--help`` imports this module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from reconciler.model.options import Option, OptionKind, Topic
from reconciler.spelling import did_you_mean

Command = TypeVar("Command", bound=Callable[..., Any])

CHDIR = "chdir"
"""The key of what ``--chdir`` holds, in the ``meta`` of every context."""
COLOURS = ("auto", "always", "never")
COLOR = Option(
    name="color",
    kind=OptionKind.COLOUR,
    metavar="WHEN",
    default="auto",
    has_setting=False,
    about=Topic.OUTPUT,
    help="When to use colour: auto (on a terminal), always, or never.",
)


class Word(click.Choice[str]):
    """One of a few words; another one gets advice."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Click's message, with the word that was most likely meant."""
        message = super().get_invalid_choice_message(value, ctx).removesuffix(".")
        return f"{message}; {did_you_mean(str(value), self.choices)}".removesuffix("; ")


class Listed(click.Option):
    """An option that help lists under a heading."""

    def __init__(self, *args: Any, topic: Topic, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.topic = topic

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Click's value; what is wrong with it is told of where it comes from."""
        try:
            return super().process_value(ctx, value)
        except click.BadParameter as error:
            if error.param_hint is None:
                typed = ctx.get_parameter_source(str(self.name)) is ParameterSource.COMMANDLINE
                error.param_hint = self.opts if typed or not self.envvar else f"{self.envvar}"
            raise


def listed(topic: Topic, *names: str, **attributes: Any) -> Callable[[Command], Command]:
    """An option of a single command, which stands neither in the environment nor in a file."""
    return click.option(*names, cls=Listed, topic=topic, **attributes)


def declaration(
    option: Option, name: str, kind: click.ParamType[Any], text: str = ""
) -> tuple[list[str], dict[str, Any]]:
    """What click is told of `option`, which a function takes as `name`.

    `kind` reads its value; `text` is help other than its own.
    """
    flags = f"{option.flag}/--no-{option.name}" if option.kind is OptionKind.FLAG else option.flag
    attributes: dict[str, Any] = {
        "topic": option.topic,
        "type": kind,
        "metavar": option.metavar or None,
        "multiple": option.repeatable,
        "envvar": option.variable or None,
        "show_envvar": bool(option.variable),
        "help": text or option.help,
        "default": option.default,
    }
    if option.kind is OptionKind.FLAG:
        del attributes["metavar"]
    elif option.default not in {None, ()}:
        attributes |= {"default": str(option.default), "show_default": True}
    return [part for part in (flags, option.short, name) if part], attributes
