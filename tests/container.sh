#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Follows pipelines/batch/Containerfile without podman, and without an image of
# Debian from elsewhere:
#     sh tests/container.sh build DIR    its steps, in a directory that is new
#     sh tests/container.sh run DIR [-v HERE:THERE]... ARGUMENT...
#                                        what came out of them
#     sh tests/container.sh --make       only makes the root (root.sh)
# The stage with a name sees this machine's directories, so it has to be that
# Debian and have the packages. The last stage begins as a root with those that
# it installs and nothing else. No step has a network, so one that installs more
# fails. Where there cannot be such stages, the last line says "SKIP: reason" and
# the exit status is 77.
set -eu
. "$(dirname "$0")/root.sh"

file=$tree/pipelines/batch/Containerfile
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

die () {
  echo "container.sh: $*" >&2
  exit 1
}

# Of the file, one a line.
instructions () {
  sed -e '/^ *#/d' -e '/^ *$/d' "$file" |
    sed -e :next -e '/\\$/{' -e N -e 's/\\\n *//' -e b\ next -e '}'
}

# That the last stage installs.
packages () {
  instructions | awk '
    FNR == NR {
      if ($1 == "FROM")
        split ("", wanted)
      for (i = 2; i < NF && $i !~ /install-packages\.sh$/;)
        i++
      while ($1 == "RUN" && $(++i) ~ /^[a-z]/)
        wanted[$i] = 1
      next
    }
    $1 in wanted { print $2 }' - "$tree/pipelines/packages.txt" | sort -u
}

need_stages () {
  . /etc/os-release
  base=docker.io/library/debian:$VERSION_ID-slim
  instructions | grep -q "^FROM $base" ||
    skip "this is Debian $VERSION_ID, the image is of another one"
  need_root image "$VERSION_CODENAME" "$(packages)" --variant=minbase
}

mount_system () {
  for name in proc sys dev; do
    mkdir -p "$stage/$name"
    mount --rbind "/$name" "$stage/$name"
  done
}

# The directories of this machine, to be read.
begin_here () {
  mkdir -p "$stage/root" "$stage/tmp"
  for name in bin sbin lib lib64; do
    [ ! -L "/$name" ] || cp -P "/$name" "$stage"
  done
  for name in usr etc var; do
    mkdir "$stage/$name"
    mount --rbind "/$name" "$stage/$name"
    mount -o remount,bind,ro "$stage/$name"
  done
  mount --bind /var/tmp "$stage/var/tmp"
}

# begin IMAGE [AS NAME]
begin () {
  [ "$1" = "$base" ] || die "FROM $1, expected $base"
  stage=$dir/${3:-last}
  mkdir "$stage"
  : >"$dir/variables"
  if [ -n "${3-}" ]; then
    begin_here
  else
    cp -a "$root/." "$stage"
  fi
  mount_system
}

# copy [--from=STAGE] SOURCE... DESTINATION: of directories what is in them; the
# tree, which may be large, is mounted.
copy () {
  from=$tree
  case $1 in
    --from=*)
      from=$dir/${1#--from=}
      shift
      ;;
  esac
  for to; do :; done
  mkdir -p "$stage$to"
  while [ $# -gt 1 ]; do
    if [ "$1" = . ]; then
      mount --bind "$tree" "$stage$to"
      mount -o remount,bind,ro "$stage$to"
    elif [ -d "$from/$1" ]; then
      cp -a "$from/$1/." "$stage$to"
    else
      cp "$from/$1" "$stage$to"
    fi
    shift
  done
}

# in_stage USER COMMAND...: with the variables of the stage.
in_stage () {
  user=$1
  shift
  home=$(awk -F: -v user="$user" '$1 == user || $3 == user { print $6 }' \
    "$stage/etc/passwd")
  # shellcheck disable=SC2046
  unshare --net chroot --userspec="$user" "$stage" env -i PATH="$path" \
    HOME="$home" $(cat "$dir/variables") "$@" </dev/null
}

# follow INSTRUCTION WORDS
follow () {
  echo "$1 $2"
  # shellcheck disable=SC2086
  case $1 in
    FROM) begin $2 ;;
    COPY) copy $2 ;;
    RUN) in_stage root sh -c "$2" ;;
    ENV) echo "$2" >>"$dir/variables" ;;
    USER) echo "$2" >"$dir/user" ;;
    ENTRYPOINT) echo "$2" | tr -d '[]"' | tr ',' ' ' >"$dir/entry" ;;
    *) die "cannot follow $1" ;;
  esac
}

build () {
  dir=$1
  mkdir "$dir"
  need_stages
  set -f
  instructions >"$dir/instructions"
  while read -r word words; do
    follow "$word" "$words"
  done <"$dir/instructions"
}

# run DIR [-v HERE:THERE]... ARGUMENT...
run () {
  dir=$1 stage=$1/last
  shift
  mount_system
  while [ "${1-}" = -v ]; do
    mkdir -p "$stage${2#*:}"
    mount --bind "${2%%:*}" "$stage${2#*:}"
    shift 2
  done
  # shellcheck disable=SC2046
  in_stage "$(cat "$dir/user")" $(cat "$dir/entry") "$@"
}

# The mounts are this process's own and end with it.
[ -n "${IN_MOUNTS-}" ] || {
  unshare --mount --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null ||
    skip 'not allowed to mount here'
  export IN_MOUNTS=1
  exec unshare --mount --propagation private sh "$0" "$@"
}
case ${1-} in
  build | run) "$@" ;;
  --make) need_stages ;;
  *) usage ;;
esac
