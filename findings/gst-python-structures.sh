#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What get_structure() gives in gst-python 1.26.2 (Debian 13):
#     sh findings/gst-python-structures.sh
# Of caps, events, queries and contexts it is an object for the `with` statement
# and nothing else: caps.get_structure(0) has no get_fraction(), no get_name()
# and no ['width']. In 1.22 and 1.28 it is the structure, so that programs which
# work with these end with a traceback. What a `with` gives has all of it, in
# 1.28 too, but 1.22 cannot be used so. For the size of pictures GstVideo's
# VideoInfo.new_from_caps() works in all of them.
# Makes a Debian 13 of that version in a temporary folder; needs root's rights,
# mmdebstrap and a mirror in apt's sources. Prints what it sees, and fails when
# that is something else.
set -eu
. "$(dirname "$0")/../tests/root.sh"

version=1.26.2-1
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
cd "$work"

apt-config dump | grep -E '^Acquire::(Retries|https?)' >apt.conf || :
mmdebstrap --quiet --mode=root --variant=apt --aptopt="$work/apt.conf" \
  --include="python3-gst-1.0=$version" trixie root "$(find_mirror)"

cat >root/structures.py <<'PYTHON'
import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst

Gst.init(None)
caps = Gst.Caps.from_string('video/x-raw,width=32,framerate=30/1')
event = Gst.Event.new_custom(Gst.EventType.CUSTOM_DOWNSTREAM,
                             Gst.Structure.new_empty('words'))


def attempt(what, function):
    try:
        print(f'{what}: {function()}')
    except (AttributeError, TypeError) as error:
        print(f'{what}: {type(error).__name__}: {error}')


attempt('name of caps', lambda: caps.get_structure(0).get_name())
attempt('field of caps', lambda: caps.get_structure(0)['width'])
attempt('fraction of caps',
        lambda: caps.get_structure(0).get_fraction('framerate'))
attempt('name of an event', lambda: event.get_structure().get_name())
with caps.get_structure(0) as structure:
    attempt('fraction of caps, by with',
            lambda: structure.get_fraction('framerate'))
PYTHON
chroot root python3 /structures.py >seen
cat seen
cat >expected <<'TXT'
name of caps: AttributeError: 'StructureWrapper' object has no attribute 'get_name'
field of caps: TypeError: 'StructureWrapper' object is not subscriptable
fraction of caps: AttributeError: 'StructureWrapper' object has no attribute 'get_fraction'
name of an event: AttributeError: 'StructureWrapper' object has no attribute 'get_name'
fraction of caps, by with: (True, value_numerator=30, value_denominator=1)
TXT
if diff expected seen; then
  echo "gst-python $version: as described"
else
  echo "gst-python $version behaves otherwise than described" >&2
  exit 1
fi
