# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# To be sourced after tap.sh, by tests that want packages of Python's registry.

# need_venv NAME PACKAGE...: sets venv, a virtual environment with the newest of
# these packages, which are kept in ${XDG_CACHE_HOME:-~/.cache}/alexnetclassify.
# Where they cannot be had it is what is left of an earlier time, maybe nothing,
# and reason says why. Nobody changes it while this process lives.
need_venv () {
  venv=${XDG_CACHE_HOME:-$HOME/.cache}/alexnetclassify/$1
  shift
  mkdir -p "${venv%/*}"
  exec 9>"$venv.lock"
  flock 9
  {
    [ -x "$venv/bin/pip" ] || /usr/bin/python3 -m venv "$venv"
  } >"$work/pip.log" 2>&1 &&
    timeout 600 "$venv/bin/pip" install -q -U --no-deps --no-cache-dir \
      --disable-pip-version-check "$@" >>"$work/pip.log" 2>&1 ||
    echo "# the newest $* cannot be had: $(tail -n 1 "$work/pip.log")"
  reason=$(tail -n 1 "$work/pip.log")
  flock -s 9
}
