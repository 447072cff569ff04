#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Gates that a script can keep. Prints TAP.
#
# File names here have no blanks.
# shellcheck disable=SC2086,SC2046
set -u

cd "$(dirname "$0")/.." || exit 1
# A copy of the tree may belong to somebody else than git expects.
files () {
  git -c safe.directory='*' ls-files -co --exclude-standard -- "$@" |
    while read -r file; do
      if [ -f "$file" ]; then echo "$file"; fi
    done
}
[ -n "$(files meson.build 2>/dev/null)" ] || {
  echo '1..0 # SKIP not a git work tree'
  exit 0
}

c_files=$(files '*.c' '*.h' '*.cu')
sources="$c_files $(files '*.py' '*.sh' '*.awk' '*meson.build' .ci/run)"
texts="$sources $(files '*.md' '*.txt' '*.supp' '*.xml')"
n=0

# gate NAME COMMAND...: what the command prints is what is wrong.
gate () {
  n=$((n + 1))
  name=$1
  shift
  found=$("$@" 2>&1)
  if [ -z "$found" ]; then
    echo "ok $n $name"
  else
    echo "not ok $n $name"
    printf '%s\n' "$found" | sed 's/^/# /'
  fi
}

without_licence () {
  for file; do
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' ||
      echo "$file"
  done
}

too_wide () {
  awk 'length > 80 { print FILENAME ":" FNR ": " length " columns" }' "$@"
}

# Tables, pictures and commands are as wide as they are.
too_wide_prose () {
  awk '!/^([|!]|    )/ && length > 88 {
         print FILENAME ":" FNR ": " length " columns"
       }' "$@"
}

not_linked () {
  for file; do
    grep -qF "]($file" README.md || echo "$file"
  done
}

too_long () {
  wc -l "$@" | awk '$1 > 600 && $2 != "total" { print $2 ": " $1 " lines" }'
}

# From a brace in the first column to the next one.
long_functions () {
  awk '/^[a-z_0-9]+ \(/ { name = $1 }
       /^[{]/ { start = FNR }
       /^[}]/ && start {
         lines = FNR - start - 1
         if (lines > 45)
           print FILENAME ":" start ": " name " has " lines " lines"
         start = 0
       }' "$@"
}

gate 'licence in the first lines' without_licence $sources
gate 'no tabs' grep -nP '\t' $texts
gate 'no trailing blanks' grep -nE '[[:space:]]+$' $texts
gate 'lines of C have up to 80 columns' too_wide $c_files
gate 'lines of READMEs have up to 88 columns' too_wide_prose \
  $(files '*README.md')
gate 'files of C and READMEs have up to 600 lines' too_long $c_files \
  $(files '*README.md')
gate 'functions have up to 45 lines' long_functions $c_files
gate 'each README is a link away from the first' not_linked \
  $(files '*/README.md')
gate 'what texts link to is there' python3 tests/links.py $(files '*.md')
gate 'no path of one machine' \
  grep -nE '(^|[^A-Za-z0-9_.$*}])/([w]ork|[t]mp|[h]ome|[r]oot)/' $texts
gate 'the engine does not know GStreamer' \
  grep -nE '# *include *[<"]gst' $(files 'engine/*')
echo "1..$n"
