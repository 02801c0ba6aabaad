#!/bin/sh
# Installs snapledger from the folder of this file, upgrades it, or removes it. containerd is not touched.
set -eu
umask 022

usage='usage: install.sh [--prefix DIR] [--no-systemd] [--uninstall]
  --prefix DIR   where bin/, lib/ and share/ go; default /usr/local
  --no-systemd   install no unit file
  --uninstall    remove what was installed; settings and store stay'

fail() {
  echo "install.sh: $1" >&2
  echo "hint: $2" >&2
  exit 1
}

prefix=/usr/local systemd=yes action=install
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -gt 1 ] || fail '--prefix needs a directory' "$usage"; prefix=$2; shift ;;
    --no-systemd) systemd= ;;
    --uninstall) action=uninstall ;;
    --help) echo "$usage"; exit 0 ;;
    *) fail "unknown option $1" "$usage" ;;
  esac
  shift
done
case $prefix in
  /*[!A-Za-z0-9/._-]*) fail "$prefix contains other characters than letters, digits and / . _ -" 'choose another directory' ;;
  /*) ;;
  *) fail "$prefix is not an absolute path" "$usage" ;;
esac
[ "$(id -u)" = 0 ] || fail 'must run as root' 'sudo ./install.sh'

from=$(cd "$(dirname "$0")" && pwd)
library=$prefix/lib/snapledger
settings=/etc/snapledger/config.toml
units=/etc/systemd/system
unit=$units/snapledger.service
# For few machines of a fleet: neither enabled nor started.
fleet='snapledger-fleet.service snapledger-fleet-serve.service'
services="snapledger.service $fleet"
running() { [ -d /run/systemd/system ]; }

# An installation keeps what it replaces as PATH.old until its last step, and puts it back if a step fails. What a kill
# left is put back by the next run.
replaced=
replace() { # PATH: PATH.new takes its place
  [ ! -e "$1" ] || mv "$1" "$1.old"
  replaced="$replaced $1"
  mv "$1.new" "$1"
}
put_back() { # PATH
  rm -rf "$1.new"
  [ -e "$1.old" ] || return 0
  rm -rf "$1"
  mv "$1.old" "$1"
}
undo() {
  status=$?
  trap - EXIT
  [ $status != 0 ] || return 0
  echo 'install.sh: the installation failed, what was there before is put back' >&2
  for name in $services; do
    case $replaced in *" $units/$name"*) [ -e "$units/$name.old" ] || leave "$name" ;; esac
  done
  for path in $replaced; do [ -e "$path.old" ] || rm -rf "$path"; done
  for path in $paths; do put_back "$path"; done
  if [ -n "$replaced" ] && [ -n "$systemd" ] && running && [ -e "$unit" ]; then
    systemctl daemon-reload
    systemctl restart snapledger
    systemctl try-restart $fleet
  fi
}
leave() { # SERVICE: is stopped, disabled and removed
  [ -e "$units/$1" ] || return 0
  if running; then systemctl stop "$1"; fi
  ! command -v systemctl >/dev/null || systemctl disable "$1"
  rm -f "$units/$1" "$units/$1.old" "$units/$1.new"
}

# Paths below the prefix that the installation consists of.
files='bin/snapledger lib/snapledger share/doc/snapledger share/man/man8/snapledger.8.gz
share/bash-completion/completions/snapledger share/zsh/vendor-completions/_snapledger
share/fish/vendor_completions.d/snapledger.fish'
paths=
[ -z "$systemd" ] || for name in $services; do paths="$paths $units/$name"; done
for file in $files; do paths="$paths $prefix/$file"; done

if [ "$action" = uninstall ]; then
  if grep -qs "^ExecStart=$prefix/bin/snapledger " "$unit"; then # not that of another prefix
    for name in $services; do leave "$name"; done
  fi
  for file in $files; do rm -rf "${prefix:?}/$file" "$prefix/$file.old" "$prefix/$file.new"; done
  if running; then systemctl daemon-reload; fi
  echo "snapledger is removed from $prefix. The settings in /etc/snapledger and the store stay."
  ! grep -rqs 'proxy_plugins.*snapledger' /etc/containerd ||
    echo 'snapledger: /etc/containerd still names this snapshotter; remove it there and restart containerd.' >&2
  exit 0
fi

[ -x "$from/usr/lib/snapledger/node" ] || fail "$from is not an unpacked tarball of snapledger" 'run install.sh where it was unpacked'
"$from/usr/lib/snapledger/node" --version >/dev/null ||
  fail 'the Node runtime does not run here' 'the tarball is for another processor, or glibc is older than 2.34 or missing (musl)'
[ ! -e /usr/lib/systemd/system/snapledger.service ] ||
  fail 'the Debian package of snapledger is installed' 'upgrade it with dpkg, or remove it first'
for path in $paths; do put_back "$path"; done
# A first installation that was killed is one still.
first=
[ -e "$library" ] && [ ! -e "$library/first" ] || first=yes
trap undo EXIT
trap 'exit 130' INT TERM HUP
for file in $files; do
  mkdir -p "$prefix/$(dirname "$file")"
  cp -r "$from/usr/$file" "$prefix/$file.new"
  chown -R 0:0 "$prefix/$file.new"
  chmod -R u=rwX,go=rX "$prefix/$file.new"
  [ "$file" != bin/snapledger ] || sed -i "s,/usr/lib,$prefix/lib,g" "$prefix/$file.new"
done
cp "$from/install.sh" "$library.new/"
[ -z "$first" ] || : >"$library.new/first"
# A running daemon keeps its files open.
for file in $files; do replace "$prefix/$file"; done
mkdir -p "$(dirname "$settings")"
[ -e "$settings" ] || install -m 644 "$from/etc/snapledger/config.toml" "$settings"
# Only at the first installation: later, a root without a store may be a disk that is not mounted.
[ -z "$first" ] || "$prefix/bin/snapledger" init ||
  fail 'no store was created, so nothing is installed' "correct $settings and run install.sh again"
if [ -n "$systemd" ] && [ -d /etc/systemd/system ]; then
  for name in $services; do
    sed "s,/usr/bin/snapledger,$prefix/bin/snapledger," "$from/usr/lib/systemd/system/$name" >"$units/$name.new"
    replace "$units/$name"
  done
  # In a chroot, too: for its first boot.
  ! command -v systemctl >/dev/null || systemctl enable snapledger
fi
if [ -n "$systemd" ] && running; then
  systemctl daemon-reload
  # Containers keep running while the daemon restarts: their mounts belong to the kernel.
  systemctl restart snapledger
  systemctl try-restart $fleet
fi
trap - EXIT
rm -f "$library/first"
for path in $paths; do rm -rf "$path.old"; done
if [ -z "$systemd" ] || ! running; then
  echo "start the daemon with: $prefix/bin/snapledger serve --existing"
fi
