#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs a command in the root of a newer Debian (root.sh):
#     sh tests/debian.sh ROOT [--bench] COMMAND...   in the tree, at /mnt there
#     sh tests/debian.sh ROOT [--bench] --make       only makes the root
# ROOT, and what is there beside the compiler of its time:
#     debian13  GStreamer 1.26, oneDNN 3.7, gdk-pixbuf 2.42
#     forky     GStreamer 1.28, oneDNN 3.12, gdk-pixbuf 2.44
# It has all of packages.txt that is for this processor and no cluster or browser,
# but what is for benchmarks only with --bench. Where there cannot be one, the
# last line says "SKIP: reason" and the exit status is 77.
#
# Commands cannot write in the root, and /tmp is theirs alone, so a root is the
# same after any number of them, and several may use it at a time.
set -eu
. "$(dirname "$0")/root.sh"

packages () {
  awk -v but="$but" '
    $1 ~ /^[a-z]/ && $1 != but && $1 !~ /^(cross|browser|cluster|image)$/ {
      print $2
    }' "$tree/pipelines/packages.txt" | sort -u
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

# What is in preparation has a key that Debian 12 does not know, and its copy on
# a mirror may be past its date.
case ${1-} in
  debian13) suite=trixie ;;
  forky) suite=forky source_options=trusted=yes,check-valid-until=no ;;
  *) usage ;;
esac
name=$1
shift
but=bench
[ "${1-}" != --bench ] || {
  but=
  shift
}
[ $# -gt 0 ] || usage
unshare --mount --propagation private true 2>/dev/null ||
  skip 'not allowed to mount here'
need_root "$name" "$suite" "$(packages)" --variant=apt
[ "$1" = --make ] || enter "$@"
