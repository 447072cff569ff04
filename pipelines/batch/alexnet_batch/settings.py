# SPDX-License-Identifier: LGPL-2.1-or-later
"""Properties of an element as text, before any is set: GObject only warns of a
value that is out of range, and keeps the old one."""
import re

import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst  # noqa: E402

from .errors import UsageError  # noqa: E402


def find_nicks(spec):
    """Of an enumeration or of flags; else None."""
    if hasattr(spec, 'enum_class'):
        return [value.value_nick
                for value in spec.enum_class.__enum_values__.values()]
    if hasattr(spec, 'flags_class'):
        return [value.first_value_nick
                for value in spec.flags_class.__flags_values__.values()]
    return None


def describe(spec):
    """What it takes; None of a property that takes any text of its type."""
    nicks = find_nicks(spec)
    if nicks:
        joined = ', joined by +' if hasattr(spec, 'flags_class') else ''
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


def is_taken(spec, text):
    is_flags = hasattr(spec, 'flags_class')
    if is_flags and not text:
        return True
    value = parse(spec, text)
    if value is None:
        return False
    if is_flags:
        return not int(value) & ~sum(spec.flags_class.__flags_values__)
    if hasattr(spec, 'minimum'):
        return spec.minimum <= as_written(text, value) <= spec.maximum
    return True


def check(element, settings):
    """Of those that the element has; GStreamer names the others."""
    for name, text in settings.items():
        spec = element.find_property(name)
        expected = spec and describe(spec)
        if expected and not is_taken(spec, text.strip()):
            raise UsageError(f'{name} is {text or "empty"}, expected {expected}')
