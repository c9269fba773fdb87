"""Converts frozen data to JSON and back, by the types of the dataclasses.

On the way back, types are checked strictly. Fields that the type does not have are ignored.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from reconciler.model.fields import is_field
from reconciler.model.objects import ObjectKey
from reconciler.model.plans import Change, FieldChange, FieldPath
from reconciler.model.values import UidOf, ValueRef

Shape = TypeVar("Shape")
_FLAGS = ("unread", "sealed", "generated")
"""The flags of a `ValueRef`."""


def encode(node: Any) -> Any:  # noqa: PLR0911 - a table of cases
    """Frozen data as JSON; empty fields whose default is empty are left out.

    A name in a map that begins with ``$`` gets a second one, so that no map looks like a
    reference.
    """
    match node:
        case ValueRef(number=number, fingerprint=fingerprint):
            flags = {name: True for name in _FLAGS if getattr(node, name)}
            return {"$value": number, "fingerprint": fingerprint, **flags}
        case UidOf():
            return {"$uidOf": [node.kind, node.namespace, node.name]}
        case Enum():
            return node.value
        case FieldChange():
            return _named(node._asdict(), FieldChange._field_defaults)
        case tuple() | list():
            return [encode(child) for child in node]
        case dict():
            return {_escaped(name): encode(child) for name, child in node.items()}
    if dataclasses.is_dataclass(node):
        fields = dataclasses.fields(node)
        return _named(
            {field.name: getattr(node, field.name) for field in fields},
            {field.name: field.default for field in fields},
        )
    return node


def _named(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, without those that are empty and have their default."""
    return {
        name: encode(value)
        for name, value in values.items()
        if value or name not in defaults or value != defaults[name]
    }


def decode(shape: type[Shape], node: Any) -> Shape:
    """The reverse of `encode`.

    Raises:
        TypeError, ValueError: `node` does not fit `shape`.
    """
    result: Shape = _fitted(shape, node)
    return result


def _fitted(shape: Any, node: Any) -> Any:  # noqa: PLR0911 - a table of cases
    arguments = get_args(shape)
    origin = get_origin(shape)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:  # noqa: PLR2004
        return tuple(_fitted(arguments[0], child) for child in _checked(list, node))
    if origin in {Union, types.UnionType}:
        return _fitted_choice(arguments, node)
    if shape is Any:
        return _leaf(node)
    if shape is ObjectKey:
        return ObjectKey(*(_checked(str, part) for part in _checked(list, node)))
    if dataclasses.is_dataclass(shape) or shape is FieldChange:
        return _fitted_fields(shape, node)
    if isinstance(shape, type) and issubclass(shape, Enum):
        return shape(node)
    return _checked(shape, node)


def _fitted_choice(choices: tuple[Any, ...], node: Any) -> Any:
    """An optional value, or JSON that may hold references."""
    shapes = [choice for choice in choices if choice is not types.NoneType]
    if len(shapes) == 1:
        return None if node is None else _fitted(shapes[0], node)
    return _leaf(node)


def _fitted_fields(shape: Any, node: Any) -> Any:
    hints = _hints(shape)
    content = _checked(dict, node)
    record = shape(
        **{name: _fitted(hints[name], child) for name, child in content.items() if name in hints}
    )
    if not all(map(is_field, _paths_of(record))):
        raise ValueError
    return record


def _paths_of(record: Any) -> tuple[FieldPath, ...]:
    """The paths of fields in `record` itself, by which everybody else looks things up."""
    match record:
        case FieldChange(path=path):
            return (path,)
        case Change(kept=kept, claims=claims):
            return (*kept, *claims)
    return ()


def field_paths(shape: Any) -> Iterator[str]:
    """The paths of all fields of `shape` and of what it is made of, such as ``plan.options``."""
    for name, hint in _hints(shape).items():
        yield name
        yield from (f"{name}.{path}" for path in field_paths(_record(hint)))


def compared_paths(shape: Any, node: Any) -> set[str]:
    """The paths of the fields in `node`, an encoded `shape`, by which two of them are compared."""
    paths: set[str] = set()
    _gather(shape, [node], "", paths)
    return paths


def _gather(shape: Any, nodes: list[Any], prefix: str, paths: set[str]) -> None:
    for name in set().union(*nodes) & _compared(shape):
        paths.add(f"{prefix}{name}")
        inner = _record(_hints(shape)[name])
        if inner is not None:
            children = [node[name] for node in nodes if node.get(name)]
            if isinstance(children[0], list):
                children = [child for several in children for child in several]
            _gather(inner, children, f"{prefix}{name}.", paths)


@functools.cache
def _record(hint: Any) -> Any:
    """The type with named fields that `hint` holds, as an optional one or several; else None."""
    for shape in (hint, *get_args(hint)):
        if shape is FieldChange or (isinstance(shape, type) and dataclasses.is_dataclass(shape)):
            return None if shape in {ValueRef, UidOf} else shape
    return None


@functools.cache
def _compared(shape: Any) -> frozenset[str]:
    if shape is FieldChange:
        return frozenset(FieldChange._fields)
    return frozenset(field.name for field in dataclasses.fields(shape) if field.compare)


@functools.cache
def _hints(shape: Any) -> dict[str, Any]:
    """The types of the fields of `shape`; none where it is no type with named fields."""
    return {} if shape is None else get_type_hints(shape)


def _checked(shape: Any, node: Any) -> Any:
    if not isinstance(node, shape) or (shape is int and isinstance(node, bool)):
        raise TypeError
    return node


def _leaf(node: Any) -> Any:
    match node:
        case {"$value": int(number), "fingerprint": str(fingerprint)}:
            flags = {name: node.get(name) is True for name in _FLAGS}
            return ValueRef(number, fingerprint, **flags)
        case {"$uidOf": [str(kind), str(namespace), str(name)]}:
            return UidOf(kind, namespace, name)
        case dict():
            return {_unescaped(name): _leaf(child) for name, child in node.items()}
        case list():
            return [_leaf(child) for child in node]
        case _:
            return node


def _escaped(name: str) -> str:
    return f"${name}" if name.startswith("$") else name


def _unescaped(name: str) -> str:
    return name[1:] if name.startswith("$$") else name
