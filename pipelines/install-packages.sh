#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what is missing of sections of packages.txt, and says so:
#     sh pipelines/install-packages.sh SECTION...
# Prints nothing when all is there.
set -eu

case ${1-} in
  -h | --help) exec sh "$(dirname -- "$0")/help.sh" "$0" ;;
esac

list=$(dirname "$0")/packages.txt

die () {
  echo "install-packages.sh: $*" >&2
  exit 1
}

[ $# -gt 0 ] || die "name sections of $list: $(awk '$1 ~ /^[a-z]/ {
    print $1 }' "$list" | sort -u | xargs)"

wanted=
for section; do
  names=$(awk -v section="$section" '$1 == section { print $2 }' "$list")
  [ -n "$names" ] || die "$list has no section '$section'"
  wanted="$wanted $names"
done

command -v apt-get >/dev/null ||
  die "no apt-get here; install what $list names under '$*'" \
    "by your system's own means and build by hand (README.md)"

# shellcheck disable=SC2086
missing=$({
  printf '%s\n' $wanted | sort -u
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
    sed -n 's/^installed //p' | sort -u
} | sort | uniq -u | xargs)
[ -n "$missing" ] || exit 0

run="env DEBIAN_FRONTEND=noninteractive"
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null ||
    die "not root and no sudo; let root run: apt-get install $missing"
  run="sudo $run"
fi

echo "Installing, which takes a minute or two: $missing"
set -- -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300
# A source that cannot be reached matters only when a package comes from it.
# shellcheck disable=SC2086
log=$({
  $run apt-get "$@" update || :
  $run apt-get "$@" install -y --no-install-recommends $missing
} 2>&1) || {
  printf '%s\n' "$log" >&2
  die "apt-get could not install: $missing"
}
