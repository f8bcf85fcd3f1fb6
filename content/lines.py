"""YAML to plain values in one pass over libyaml's events, with the line of every value and of every repeated key.

PyYAML's own loaders build a tree of nodes first and forget the lines; this takes half their time. Anchors, aliases and
tags of one's own are faults: content says each thing where it stands.
"""

from dataclasses import dataclass, field
from typing import Any

import yaml

Where = tuple[str | int, ...]
_RESOLVERS = yaml.CSafeLoader.yaml_implicit_resolvers
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_TEXT = "tag:yaml.org,2002:str"


@dataclass
class Parsed:
    """What a file says, where, and what is wrong with it as YAML."""

    data: Any = None
    lines: dict[Where, int] = field(default_factory=dict)
    """The path of keys and positions of a value → its line, from 1."""
    faults: list[tuple[int, Where, str]] = field(default_factory=list)
    """Line, path and message of each fault; with one, `data` may lack something."""


@dataclass
class _Open:
    """A list or a mapping that has begun; a mapping waits for a key or for the key's value."""

    value: Any
    where: Where
    key: str | None = None
    seen: dict[str, int] = field(default_factory=dict)


def parse(text: str) -> Parsed:
    """Read one document; every fault is told, none is raised."""
    parsed = Parsed()
    try:
        _build(text, parsed)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        parsed.faults.append((_line(error), (), f"found {_found(error)}, wanted valid YAML"))
    return parsed


def _build(text: str, parsed: Parsed) -> None:
    stack: list[_Open] = []
    documents = 0
    events: Any = yaml.parse(text, Loader=yaml.CSafeLoader)
    for event in events:
        kind = type(event)
        if kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                line = event.start_mark.line + 1
                parsed.faults.append((line, (), "found a second document, wanted one in the file"))
                return
        elif kind is yaml.ScalarEvent or kind is yaml.AliasEvent:
            if stack and isinstance(stack[-1].value, dict) and stack[-1].key is None:
                _take_key(stack[-1], event, parsed)
            else:
                _add(stack, _scalar(event, parsed), event, parsed)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if stack and isinstance(stack[-1].value, dict) and stack[-1].key is None:
                raise yaml.YAMLError("a key that is a list or a mapping")
            _refuse_signs(event, parsed)
            value: Any = {} if kind is yaml.MappingStartEvent else []
            stack.append(_Open(value, _add(stack, value, event, parsed)))
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            stack.pop()
            if stack:
                stack[-1].key = None


def _take_key(mapping: _Open, event: Any, parsed: Parsed) -> None:
    name, line = str(getattr(event, "value", "*")), event.start_mark.line + 1
    where = (*mapping.where, name)
    if name in mapping.seen:
        message = f"found the key again, wanted it once (first in line {mapping.seen[name]})"
        parsed.faults.append((line, where, message))
    mapping.seen.setdefault(name, line)
    mapping.key = name
    parsed.lines[where] = line


def _add(stack: list[_Open], value: Any, event: Any, parsed: Parsed) -> Where:
    """Put a value where it belongs; its path."""
    if not stack:
        parsed.data = value
        parsed.lines[()] = event.start_mark.line + 1
        return ()
    top = stack[-1]
    if isinstance(top.value, list):
        where: Where = (*top.where, len(top.value))
        top.value.append(value)
        parsed.lines[where] = event.start_mark.line + 1
        return where
    assert top.key is not None
    where = (*top.where, top.key)
    top.value[top.key] = value
    if not isinstance(value, dict | list):
        top.key = None
    return where


def _scalar(event: Any, parsed: Parsed) -> Any:
    _refuse_signs(event, parsed)
    if type(event) is yaml.AliasEvent:
        return None
    text = event.value
    if event.implicit[0]:
        for tag, pattern in _RESOLVERS.get(text[:1], ()):
            if pattern.match(text):
                return _CONSTRUCTOR.construct_object(yaml.ScalarNode(tag, text))
    return text


def _refuse_signs(event: Any, parsed: Parsed) -> None:
    line = event.start_mark.line + 1
    if event.anchor:
        parsed.faults.append((line, (), f"found the anchor or alias {event.anchor!r}, wanted the value itself"))
    if (tag := getattr(event, "tag", None)) and tag != _TEXT:
        parsed.faults.append((line, (), f"found the tag {tag!r}, wanted a plain value"))


def _line(error: Exception) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return mark.line + 1 if mark else 1


def _found(error: Exception) -> str:
    return getattr(error, "problem", None) or str(error).splitlines()[0]
