# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# To be sourced under `set -eu`. Debian roots in
# ${XDG_CACHE_HOME:-~/.cache}/alexnetclassify, each made once by mmdebstrap
# from the mirror that apt uses here. The lines on top of the script are what
# --help prints.

tree=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
limit=900 # seconds that making one may take
source_options= # of sources.list, for a root that wants some: NAME=VALUE,...

skip () {
  echo "SKIP: $*"
  exit 77
}

usage () {
  sh "$tree/pipelines/help.sh" "$0" >&2
  exit 2
}

case ${1-} in
  -h | --help) exec sh "$tree/pipelines/help.sh" "$0" ;;
esac

# What apt itself downloads Debian from.
find_mirror () {
  # shellcheck disable=SC2016
  apt-get indextargets --format \
    '$(ORIGIN) $(LABEL) $(COMPONENT) $(CREATED_BY) $(REPO_URI)' |
    sed -n 's/^Debian Debian main Packages //p' | head -n 1
}

need_mirror () {
  mirror=$(find_mirror)
  if [ -z "$mirror" ]; then
    apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 || :
    mirror=$(find_mirror)
  fi
  [ -n "$mirror" ] || skip "apt has no source of Debian's packages here"
  timeout 60 /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root \
    download-file \
    "${mirror%/}/dists/$1/InRelease" "$new.release" >&2 ||
    skip 'no packages: the mirror that apt uses does not answer'
  rm -f "$new.release"
}

# Every file with its size and mode.
inventory () {
  (cd "$1" && find . -xdev ! -type d -printf '%p %s %m %l\n') |
    LC_ALL=C sort | sha256sum
}

is_whole () {
  [ -f "$root.inventory" ] &&
    [ "$(inventory "$root")" = "$(cat "$root.inventory")" ]
}

remove_old () {
  find "$cache" -maxdepth 1 -name '*-*.inventory' -mtime +7 |
    while read -r file; do
      rm -rf --one-file-system "${file%.inventory}" "$file"
    done
}

make_root () {
  need_mirror "$1"
  echo "Making a Debian root, which takes some minutes: $root" >&2
  remove_old
  rm -rf --one-file-system "$root" "$root.inventory" "$new"
  apt-config dump | grep -E '^Acquire::(Retries|https?)' >"$new.conf" || :
  suite=$1 include=$2
  shift 2
  status=0
  timeout $limit mmdebstrap --quiet --mode=root \
    --aptopt="$new.conf" --aptopt='Acquire::Languages "none"' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' "$@" \
    --include="$include" "$suite" "$new" \
    "deb ${source_options:+[$(echo "$source_options" | tr , ' ')]} $mirror $suite main" \
    >"$new.log" 2>&1 || status=$?
  [ $status -ne 124 ] || skip "making the root took longer than $limit s"
  [ $status -eq 0 ] || {
    cat "$new.log" >&2
    echo "$(basename "$0"): mmdebstrap failed" >&2
    exit 1
  }
  rm -f "$new.conf" "$new.log"
  mv "$new" "$root"
  inventory "$root" >"$root.inventory"
}

# need_root NAME SUITE PACKAGES OPTION...: sets root, a directory with these
# packages, a name and a line each, made with these options of mmdebstrap. One
# that is damaged is made anew, one of another list that nobody used for a week
# goes away. Nobody changes it while this process and those that it becomes
# live. Where there cannot be one, the last line says "SKIP: reason" and the
# exit status is 77.
need_root () {
  [ "$(id -u)" -eq 0 ] || skip 'not root'
  command -v mmdebstrap >/dev/null || skip 'no mmdebstrap here'
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/alexnetclassify
  key=$1-$(echo "$3" | sha256sum | cut -c 1-12)
  root=$cache/$key
  new=$cache/new-$key
  suite=$2
  include=$(echo "$3" | paste -sd,)
  shift 3
  mkdir -p "$cache"

  # Makers wait for makers and users, users for makers.
  exec 9>"$cache/lock-$key"
  flock -s 9
  is_whole || {
    flock 9
    is_whole || make_root "$suite" "$include" "$@"
    flock -s 9
  }
  touch "$root.inventory"
}
