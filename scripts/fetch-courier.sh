#!/bin/sh
# Fetches Courier IMAP as Debian packages and unpacks it in .cache/debian/root; installs nothing.
# Courier conflicts with Dovecot as a package, so the tests run it from there (tests/servers/courier.py).
set -eu
cd "$(dirname "$0")/.."
cache=.cache/debian
root=$cache/root
[ ! -e "$root/.complete" ] || exit 0

rm -rf "$root"
mkdir -p "$cache/archives" "$root"
# What apt would newly install: Courier itself, and the libraries that this machine does not have.
# gamin, where it still exists, is the file monitor that Courier asks before every command.
wanted=courier-imap
! apt-cache show gamin >/dev/null 2>&1 || wanted="$wanted gamin"
packages=$(LC_ALL=C apt-get --simulate --no-install-recommends install $wanted |
    sed -n 's/^Inst \([^ ]*\) (.*/\1/p' | grep -E '^(courier-|lib|gamin$)')
echo "Fetching, without installing:" $packages
(cd "$cache/archives" && apt-get -qq -o APT::Sandbox::User=root download $packages)
for archive in "$cache"/archives/*.deb; do
    dpkg-deb --extract "$archive" "$root"
done
rm -rf "$cache/archives"
touch "$root/.complete"
