# SPDX-License-Identifier: LGPL-2.1-or-later
#
# To be sourced behind tap.sh by tests of scripts in pipelines/.

unset ALEXNET_MODEL ALEXNET_DATA_DIR BROKER BROKERS CONFIRM DECODER DEVICE FILTER FRAMES \
  KEY LIMIT NAMED REGIONS SPOOL THRESHOLD TOPIC WHEN
mkdir "$work/tmp" "$work/data"
export BUILD XDG_DATA_HOME="$work/data" TMPDIR="$work/tmp"

# run SCRIPT ARGUMENT...: writes $work/out and $work/errors.
run () {
  script=$1
  shift
  timeout -k 5 120 sh "$root/pipelines/$script" "$@" \
    >"$work/out" 2>"$work/errors"
  status=$?
  cat "$work/out" "$work/errors"
  echo "exit status $status"
  return $status
}

# first_labels [PATTERN]: of lines that match, the class that each names first,
# without repetitions.
first_labels () {
  grep -v '^[$]' "$work/out" | grep -e "${1:-.}" |
    awk -v classes="$classes" -F '[ \t,]+' '
      BEGIN { n = split(classes, names, " ")
              for (i = 1; i <= n; i++) known[names[i]] = 1 }
      { for (i = 1; i <= NF; i++) if ($i in known) { print $i; next } }' |
    uniq | xargs
}

shows_line () {
  grep -q '^[$] .*gst-launch-1.0 .* ! alexnetclassify ' "$work/out"
}

# fails_with TEXT SCRIPT ARGUMENT...: with status 1 and this sentence alone.
fails_with () {
  text=$1
  shift
  run "$@"
  same 1 $? && same "$1: $text" "$(cat "$work/errors")"
}

# bad_input SCRIPT: what all do with a file that is none, or no video. Of errors
# that two threads write at a time the reason is lost now and then.
bad_input () {
  fails_with "no file $work/absent, or not allowed to read it" \
    "$1" "$work/absent" || return 1
  for _ in 1 2 3; do
    ! fails_with 'This appears to be a text file (decodebin cannot decode plain'\
' text files)' "$1" "$root/README.md" || return 0
  done
  return 1
}

# Nothing in the temporary directory, no process that inherited its name.
no_leftovers () {
  same '' "$(ls "$work/tmp")" &&
    same '' "$(env -u TMPDIR grep -alsF "TMPDIR=$work/tmp" \
      /proc/[0-9]*/environ)"
}
