#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs what is missing on Debian or Ubuntu: `install-packages.sh build` what sonde is built and run
# with, `test` what its tests need as well, `demo` and `bench` what the demonstration and the benchmarks need.
set -eu

build="make gcc clang pkg-config libbpf-dev libelf-dev zlib1g-dev libmicrohttpd-dev libgnutls28-dev libcrypt-dev libseccomp-dev libjansson-dev libyaml-dev libncurses-dev libc6-dev"
unit="libcmocka-dev libpg-query-dev libnghttp2-dev libprotobuf-c-dev protobuf-c-compiler"
servers="nginx-light redis-server postgresql python3 python3-psycopg python3-redis gunicorn"
tests="$unit kubernetes-client debhelper lintian debootstrap dpkg-dev systemd bash-completion zsh fish man-db $servers haproxy pgbouncer apache2-utils apache2-bin nghttp2-client nghttp2-server socat faketime curl wget openssl jq procps tmux
	redis-tools python3-asyncpg python3-prometheus-client python3-yaml nodejs npm prometheus prometheus-alertmanager
	chromium python3-rq python3-celery python3-h2 python3-grpcio python3-websockets ruby-sidekiq golang-go gnutls-bin clang-format clang-tidy cppcheck"

wanted="$build"
case "${1:-build}" in
build) ;;
unit) wanted="$build $unit" ;;
test) wanted="$build $tests" ;;
demo) wanted="$build $servers apache2-utils" ;;
kernels) wanted="$build debootstrap e2fsprogs cpio xz-utils busybox-static qemu-system-x86 qemu-system-arm gcc-aarch64-linux-gnu" ;;
bench) wanted="$build $servers redis-tools apache2-utils wrk libssl-dev valgrind bpftrace" ;;
*) echo "usage: $0 build|unit|test|demo|kernels|bench" >&2; exit 2 ;;
esac

# A package of its own on Debian and on Ubuntu from 25.04 on; before, Ubuntu's linux-tools-common provides the name
# (so `apt-cache show` finds something) with a wrapper that needs a kernel's tools as well.
have_bpftool() {
	for b in /usr/sbin/bpftool /usr/bin/bpftool /usr/lib/linux-tools/*/bpftool; do
		[ -x "$b" ] && "$b" version >/dev/null 2>&1 && return 0
	done
	return 1
}

command -v apt-get >/dev/null || {
	echo "sonde: packages are installed by apt-get only; elsewhere install: $wanted bpftool" >&2
	exit 1
}
missing=
for package in $wanted; do
	case "$package" in
	nodejs | npm) command -v "${package%js}" >/dev/null && continue ;;
	kubernetes-client) command -v kubectl >/dev/null && continue ;;
	esac
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
have_bpftool || missing="$missing bpftool"
[ -z "$missing" ] && exit 0

[ "$(id -u)" = 0 ] || {
	echo "sonde: these packages are missing and need root to install:$missing" >&2
	exit 1
}
echo "sonde: installing$missing"
export DEBIAN_FRONTEND=noninteractive
# Servers are wanted as programs: a package must not start one (invoke-rc.d(8), policy-rc.d).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
# With a version: known, and more than a name that others provide.
is_package() {
	[ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

case " $missing " in
*" bpftool "*) is_package bpftool || missing="${missing% bpftool} linux-tools-common linux-tools-generic" ;;
esac
available=
for package in $missing; do
	if is_package "$package"; then
		available="$available $package"
	else
		echo "sonde: this release has no package $package; tests that need it are skipped" >&2
	fi
done
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $available >/dev/null
