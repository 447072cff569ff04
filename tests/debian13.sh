#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs a command in a Debian 13 root, which has GStreamer 1.26 and oneDNN 3.7:
#     sh tests/debian13.sh [--bench] COMMAND...   in the tree, at /mnt there
#     sh tests/debian13.sh [--bench] --make       only makes the root
# The root is made once, by mmdebstrap from the mirror that apt uses here, in
# ${XDG_CACHE_HOME:-~/.cache}/alexnetclassify/debian13-KEY. It has all of
# packages.txt, but what is for benchmarks only with --bench; KEY comes from
# that list. A root that is damaged is made anew, one of another list that
# nobody used for a week goes away. Where there cannot be a root, the last line
# says "SKIP: reason" and the exit status is 77.
#
# Commands cannot write in the root, and /tmp is theirs alone, so a root is the
# same after any number of them, and several may use it at a time.
set -eu

tree=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
limit=540 # seconds that making it may take

skip () {
  echo "SKIP: $*"
  exit 77
}

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
    "${mirror%/}/dists/trixie/InRelease" "$new.release" >&2 ||
    skip 'no packages: the mirror that apt uses does not answer'
  rm -f "$new.release"
}

packages () {
  awk -v but="$but" '$1 ~ /^[a-z]/ && $1 != but { print $2 }' \
    "$tree/pipelines/packages.txt" | sort -u
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
  find "$cache" -maxdepth 1 -name 'debian13-*.inventory' -mtime +7 |
    while read -r file; do
      rm -rf --one-file-system "${file%.inventory}" "$file"
    done
}

make_root () {
  need_mirror
  echo "Making a Debian 13 root, which takes some minutes: $root" >&2
  remove_old
  rm -rf --one-file-system "$root" "$root.inventory" "$new"
  apt-config dump | grep -E '^Acquire::(Retries|https?)' >"$new.conf" || :
  status=0
  timeout $limit mmdebstrap --quiet --variant=apt --mode=root \
    --aptopt="$new.conf" --aptopt='Acquire::Languages "none"' \
    --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --include="$(packages | paste -sd,)" trixie "$new" "$mirror" \
    >"$new.log" 2>&1 || status=$?
  [ $status -ne 124 ] || skip "making the root took longer than $limit s"
  [ $status -eq 0 ] || {
    cat "$new.log" >&2
    echo 'debian13.sh: mmdebstrap failed' >&2
    exit 1
  }
  rm -f "$new.conf" "$new.log"
  mv "$new" "$root"
  inventory "$root" >"$root.inventory"
}

# The mounts are this process's own and end with it.
enter () {
  # shellcheck disable=SC2016
  exec unshare --mount --propagation private sh -euc '
    root=$1 tree=$2
    shift 2
    mount --bind "$root" "$root"
    mount -o remount,bind,ro "$root"
    mount -t tmpfs tmpfs "$root/tmp"
    for name in proc sys dev; do
      mount --rbind "/$name" "$root/$name"
    done
    mount --bind "$tree" "$root/mnt"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
      LC_ALL=C.UTF-8 sh -c "cd /mnt && exec \"\$@\"" - "$@"
  ' - "$root" "$tree" "$@"
}

but=bench
[ "${1-}" != --bench ] || {
  but=
  shift
}
[ $# -gt 0 ] || {
  sed -n 's/^#  *sh /sh /p' "$0" >&2
  exit 2
}
[ "$(id -u)" -eq 0 ] || skip 'not root'
command -v mmdebstrap >/dev/null || skip 'no mmdebstrap here'
unshare --mount --propagation private true 2>/dev/null ||
  skip 'not allowed to mount here'

cache=${XDG_CACHE_HOME:-$HOME/.cache}/alexnetclassify
key=$(packages | sha256sum | cut -c 1-12)
root=$cache/debian13-$key
new=$cache/new-$key
mkdir -p "$cache"

# Makers wait for makers and users, users for makers.
exec 9>"$cache/lock-$key"
flock 9
is_whole || make_root
touch "$root.inventory"
flock -s 9
[ "$1" = --make ] || enter "$@"
