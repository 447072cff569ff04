#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Prints the lines on top of a script, which say what it does and how it is
# called; it calls this for --help:
#     sh pipelines/help.sh SCRIPT

# All but the first three, up to one that is no comment or not of prose.
sed -n '1,3d; /^#\( \|$\)/!q; s/^# \{0,1\}//p' "$1"
