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
unit=/etc/systemd/system/snapledger.service
# For few machines of a fleet: neither enabled nor started.
fleet='snapledger-fleet.service snapledger-fleet-serve.service'
running() { [ -d /run/systemd/system ]; }

# Paths below the prefix that the installation consists of.
files='bin/snapledger lib/snapledger share/doc/snapledger share/man/man8/snapledger.8.gz
share/bash-completion/completions/snapledger share/zsh/vendor-completions/_snapledger
share/fish/vendor_completions.d/snapledger.fish'

if [ "$action" = uninstall ]; then
  if grep -qs "^ExecStart=$prefix/bin/snapledger " "$unit"; then # not that of another prefix
    for name in snapledger.service $fleet; do
      [ -e "/etc/systemd/system/$name" ] || continue
      if running; then systemctl stop "$name"; fi
      ! command -v systemctl >/dev/null || systemctl disable "$name"
      rm -f "/etc/systemd/system/$name"
    done
  fi
  for file in $files; do rm -rf "${prefix:?}/$file"; done
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
first=
[ -e "$library" ] || first=yes
for file in $files; do
  mkdir -p "$prefix/$(dirname "$file")"
  # Beside the old one and then in its place: a running daemon keeps its files open.
  rm -rf "$prefix/$file.new"
  cp -r "$from/usr/$file" "$prefix/$file.new"
  chown -R 0:0 "$prefix/$file.new"
  chmod -R u=rwX,go=rX "$prefix/$file.new"
  [ "$file" != bin/snapledger ] || sed -i "s,/usr/lib,$prefix/lib,g" "$prefix/$file.new"
  rm -rf "${prefix:?}/$file"
  mv "$prefix/$file.new" "$prefix/$file"
done
cp "$from/install.sh" "$library/"
mkdir -p "$(dirname "$settings")"
[ -e "$settings" ] || install -m 644 "$from/etc/snapledger/config.toml" "$settings"
# Only at the first installation: later, a root without a store may be a disk that is not mounted.
[ -z "$first" ] || "$prefix/bin/snapledger" init ||
  fail 'no store was created, so the service is not installed' "correct $settings, then: $prefix/bin/snapledger init, and run install.sh again"
if [ -n "$systemd" ] && [ -d /etc/systemd/system ]; then
  for name in snapledger.service $fleet; do
    sed "s,/usr/bin/snapledger,$prefix/bin/snapledger," "$from/usr/lib/systemd/system/$name" >"/etc/systemd/system/$name"
  done
  # In a chroot, too: for its first boot.
  ! command -v systemctl >/dev/null || systemctl enable snapledger
fi
if [ -n "$systemd" ] && running; then
  systemctl daemon-reload
  # Containers keep running while the daemon restarts: their mounts belong to the kernel.
  systemctl restart snapledger
  systemctl try-restart $fleet
else
  echo "start the daemon with: $prefix/bin/snapledger serve --existing"
fi
