#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Builds sonde and runs its unit tests in a fresh debootstrap folder: `tests/distros/build.sh bookworm`
# (also trixie; on Ubuntu's names the packages are the same, see below). Needs root and debootstrap, some
# minutes and 2 GiB. Exit code 77 where debootstrap is missing.
#
# Ubuntu 22.04 and 24.04 have every package of deploy/install-packages.sh under the same name, but bpftool
# (linux-tools-common and linux-tools-generic) and, in 22.04, libpg-query-dev, without which test_sql is left out.
set -eu
suite=${1:?usage: $0 SUITE [FOLDER]}
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${2:-$(mktemp -d "/var/tmp/sonde-$suite.XXXXXX")}

command -v debootstrap >/dev/null || {
	echo "debootstrap is not installed"
	exit 77
}
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\).*/\2/p; s/^URIs: \([^ ]*\).*/\1/p' /etc/apt/sources.list \
	/etc/apt/sources.list.d/* 2>/dev/null | grep -v security | head -n 1)
trap 'umount "$folder/proc" 2>/dev/null || :; [ -n "${2:-}" ] || rm -rf "$folder"' EXIT
[ -x "$folder/usr/bin/apt-get" ] || debootstrap --variant=minbase "$suite" "$folder" "$mirror" >/dev/null
cp /etc/apt/apt.conf.d/* "$folder/etc/apt/apt.conf.d/" 2>/dev/null || :
mount -t proc proc "$folder/proc"
mkdir -p "$folder/sonde"
(cd "$root" && git archive HEAD) | tar -x -C "$folder/sonde"
chroot "$folder" /bin/sh -c 'cd /sonde && deploy/install-packages.sh unit && make -j2 && make -j2 unit && build/sonde version &&
	build/sonde replay tests/data/demo.rec && echo "built and unit-tested on $(. /etc/os-release; echo $PRETTY_NAME)"'
