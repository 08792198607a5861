#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Boots Debian 12's kernel, which has no socket tracepoints, in qemu without KVM, and runs
# tests/integration/callforms and lives there by every way in that it has. KERNEL=package takes another one,
# WAYS="..." other ways. Exit 77 where qemu, busybox or the kernel package is not to be had.
set -eu

cd "$(dirname "$0")/../.."
programs="callforms lives sessions"
ways=${WAYS:-auto fexit sys_exit}
folder=build/kernels
limit=${LIMIT:-300}

skip() {
	echo "skipped: $1"
	exit 77
}

command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86_64 is not installed"
busybox=$(command -v busybox) || skip "busybox is not installed"
[ "$(uname -m)" = x86_64 ] || skip "made for x86_64"
make -s callforms

newest() {
	apt-cache search '^linux-image-6\.1\..*cloud-amd64$' | awk '!/unsigned|dbg/ {print $1}' |
		sort -V | tail -n 1
}

kernel=${KERNEL:-$(newest)}
[ -n "$kernel" ] || skip "no package of Linux 6.1 known to apt"
mkdir -p "$folder/$kernel"
image=$(find "$folder/$kernel/boot" -name 'vmlinuz-*' 2>/dev/null | head -n 1)
if [ -z "$image" ]; then
	(cd "$folder" && apt-get -q download "$kernel" >/dev/null 2>&1) || skip "cannot download $kernel"
	dpkg -x "$folder/$kernel"_*.deb "$folder/$kernel"
	rm -f "$folder/$kernel"_*.deb
	image=$(find "$folder/$kernel/boot" -name 'vmlinuz-*' | head -n 1)
fi

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev"
cp "$busybox" "$root/bin/busybox"
for program in $programs; do
	cp "build/integration/$program" "$root/bin/"
done
# Names and paths of the libraries, the loader's own among them.
ldd build/integration/callforms "$busybox" 2>/dev/null | grep -o '/[^ ]*' | grep -v ':$' | sort -u |
	while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done
cat >"$root/init" <<INIT
#!/bin/busybox sh
export PATH=/bin SONDE_DEBUG=${SONDE_DEBUG:-}
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox ip link set lo up
busybox uname -r
for way in $ways; do
	for program in $programs; do
		\$program \$way
		echo "RESULT \$program \$way \$?"
	done
done
busybox poweroff -f
INIT
ln -s busybox "$root/bin/sh"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$folder/initrd.gz"

log=$folder/console.log
timeout "$limit" qemu-system-x86_64 -accel tcg -cpu max -m 1024 -smp 2 -nographic -nic none \
	-no-reboot -kernel "$image" -initrd "$folder/initrd.gz" \
	-append "console=ttyS0 panic=-1 quiet mitigations=off" </dev/null >"$log" 2>&1 || true

tr -d '\r' <"$log" | grep -E '^(# by|not ok|skipped|RESULT|[0-9]+ failed)' || true
failed=0
for way in $ways; do
	for program in $programs; do
		tr -d '\r' <"$log" | grep -q "^RESULT $program $way 0$" || failed=$((failed + 1))
	done
done
echo "$kernel: $failed runs failed (log: $log)"
[ "$failed" -eq 0 ]
