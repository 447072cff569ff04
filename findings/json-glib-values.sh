#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# json-glib 1.6.6 (Debian 12) changes values of valid JSON without an error:
#     sh findings/json-glib-values.sh
# - a whole number beyond 64 bits wraps round: 12345678901234567890 becomes
#   -6101065172474983726, though RFC 8259 lets a reader fall back to floating
#   point (1.10 takes the largest 64-bit number instead);
# - a string ends at its first \u0000, so that two different keys become one;
# - a number whose shortest form has an exponent and no point is written with a
#   point behind the exponent: 1e22 as 1e+22.0, and 1e999, which became infinite,
#   as inf.0. Neither is JSON, and json-glib itself refuses to read them.
# Who needs what a file says has to look at the text, not at what was parsed, and
# who writes large numbers has to write them by other means.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, gcc and GLib's headers. Prints what it sees, and fails when that is
# something else.
set -eu

version=1.6.6-1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download "libjson-glib-1.0-0=$version" "libjson-glib-dev=$version"
for package in *.deb; do
  dpkg -x "$package" root
done

cat >values.c <<'C'
#include <json-glib/json-glib.h>

static char *
read_and_write (const char *text)
{
  JsonParser *parser = json_parser_new ();
  char *written = NULL;

  if (json_parser_load_from_data (parser, text, -1, NULL))
    written = json_to_string (json_parser_get_root (parser), FALSE);
  g_object_unref (parser);
  return written ? written : g_strdup ("an error");
}

int
main (void)
{
  const char *const texts[] = {
    "[12345678901234567890]",
    "{\"a\\u0000b\":1,\"a\\u0000c\":2}",
    "[1e999]",
    "[1e22]",
    "[1.5e22]",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    char *once = read_and_write (texts[i]), *twice = read_and_write (once);

    g_print ("%s -> %s -> %s\n", texts[i], once, twice);
    g_free (once);
    g_free (twice);
  }
  return 0;
}
C

libraries=$(dirname "$(find root -name 'libjson-glib-1.0.so.0')")
# shellcheck disable=SC2046
gcc -Wall -o values values.c -Iroot/usr/include/json-glib-1.0 \
  $(pkg-config --cflags gio-2.0) "$libraries/libjson-glib-1.0.so.0" \
  $(pkg-config --libs gio-2.0)

LD_LIBRARY_PATH=$libraries ./values >seen
cat seen
cat >expected <<'TXT'
[12345678901234567890] -> [-6101065172474983726] -> [-6101065172474983726]
{"a\u0000b":1,"a\u0000c":2} -> {"a":2} -> {"a":2}
[1e999] -> [inf.0] -> an error
[1e22] -> [1e+22.0] -> an error
[1.5e22] -> [1.5e+22] -> [1.5e+22]
TXT
if diff expected seen; then
  echo "json-glib $version: as described"
else
  echo "json-glib $version behaves otherwise than described" >&2
  exit 1
fi
