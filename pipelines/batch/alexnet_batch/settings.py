# SPDX-License-Identifier: LGPL-2.1-or-later
"""Properties of an element as text, before any is set: GObject only warns of a
value that is out of range, and keeps the old one."""
import re

import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst  # noqa: E402

from .errors import UsageError  # noqa: E402


def find_nicks(kind):
    """Of an enumeration or of flags; else None. Only the type of a value has them
    in every PyGObject: what the specification's class is differs."""
    if hasattr(kind, '__enum_values__'):
        return [value.value_nick for value in kind.__enum_values__.values()]
    if hasattr(kind, '__flags_values__'):
        return [value.first_value_nick
                for value in kind.__flags_values__.values()]
    return None


def describe(kind, spec):
    """What it takes; None of a property that takes any text of its type."""
    nicks = find_nicks(kind)
    if nicks:
        joined = ', joined by +' if hasattr(kind, '__flags_values__') else ''
        return f'{", ".join(nicks)}{joined}'
    if hasattr(spec, 'minimum'):
        return f'{spec.minimum} to {spec.maximum}'
    return 'true or false' if spec.value_type.name == 'gboolean' else None


def parse(spec, text):
    """As GStreamer does; None where it cannot."""
    if not re.fullmatch(r'[\w+.:/-]+', text, re.ASCII):
        return None
    try:
        return Gst.Structure.new_from_string(
            f'setting, value=({spec.value_type.name}){text}') \
            .get_value('value')
    except TypeError:
        return None


def as_written(text, value):
    """GStreamer keeps the last bits of a whole number that has too many, and
    takes -1 for the largest of a type without signs."""
    try:
        return int(text, 0)
    except ValueError:
        return value


def is_taken(kind, spec, text):
    flags = getattr(kind, '__flags_values__', None)
    if flags and not text:
        return True
    value = parse(spec, text)
    if value is None:
        return False
    if flags:
        return not int(value) & ~sum(flags)
    if hasattr(spec, 'minimum'):
        return spec.minimum <= as_written(text, value) <= spec.maximum
    return True


def check(element, settings):
    """Of those that the element has; GStreamer names the others."""
    for name, text in settings.items():
        spec = element.find_property(name)
        kind = type(element.get_property(name)) if spec else None
        expected = spec and describe(kind, spec)
        if expected and not is_taken(kind, spec, text.strip()):
            raise UsageError(f'{name} is {text or "empty"}, expected {expected}')
