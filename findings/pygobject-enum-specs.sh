#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What a property's specification says of its values in PyGObject 3.50.0 (Debian
# 13), where it is an enumeration or flags:
#     sh findings/pygobject-enum-specs.sh
# enum_class and flags_class are objects without a list of values, default_value
# is a number, and value_type.pytype is None until some value of that type has
# been read: then it is the type, which lists them. In 3.42.2 (Debian 12) and
# 3.58.1 all three have the type from the start (but default_value, a number in
# 3.58.1 too), so that programs which list what a property of an element takes
# end with a traceback in 3.50.0 alone. What get_property() gives has the type in
# all of them.
# Makes a Debian 13 of that version in a temporary folder; needs root's rights,
# mmdebstrap and a mirror in apt's sources. Prints what it sees, and fails when
# that is something else.
set -eu
. "$(dirname "$0")/../tests/root.sh"

version=3.50.0-4+b1
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
cd "$work"

apt-config dump | grep -E '^Acquire::(Retries|https?)' >apt.conf || :
mmdebstrap --quiet --mode=root --variant=apt --aptopt="$work/apt.conf" \
  --include="python3-gi=$version,gir1.2-gstreamer-1.0=1.26.2-2" \
  trixie root "$(find_mirror)"

cat >root/enums.py <<'PYTHON'
import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gio, Gst

Gst.init(None)


def show(title, spec, attribute):
    kind = getattr(spec, attribute)
    lists = any(hasattr(kind, name)
                for name in ('__enum_values__', '__flags_values__'))
    print(f'{title}: {attribute} lists {"" if lists else "no "}values;'
          f' default_value is {type(spec.default_value).__name__};'
          f' value_type.pytype is {spec.value_type.pytype}')


queue = Gst.ElementFactory.make('queue')
leaky = queue.find_property('leaky')
show('leaky', leaky, 'enum_class')
queue.get_property('leaky')
show('leaky, once read', leaky, 'enum_class')
show('socket', Gio.Socket.find_property('family'), 'enum_class')
show('application', Gio.Application.find_property('flags'), 'flags_class')
PYTHON
chroot root python3 /enums.py >seen
cat seen
cat >expected <<'TXT'
leaky: enum_class lists no values; default_value is int; value_type.pytype is None
leaky, once read: enum_class lists no values; default_value is int; value_type.pytype is <class '__main__.GstQueueLeaky'>
socket: enum_class lists no values; default_value is int; value_type.pytype is None
application: flags_class lists no values; default_value is int; value_type.pytype is None
TXT
if diff expected seen; then
  echo "PyGObject $version: as described"
else
  echo "PyGObject $version behaves otherwise than described" >&2
  exit 1
fi
