#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `make run`: the live view on a terminal, else the daemon with its summary lines. Where BPF may not be
# loaded: the recorded demonstration, and a banner that says so.
cd "$(dirname "$0")/.." || exit 1
sonde=build/sonde
recording=tests/data/demo.rec

if $sonde doctor >/dev/null 2>&1; then
	if [ -t 0 ] && [ -t 1 ]; then
		exec $sonde top
	fi
	exec $sonde run --summary 10
fi

echo "================================================================================"
echo " BPF may not be loaded on this machine, so nothing of it is observed. What follows"
echo " is a RECORDING of sonde's demonstration. \`$sonde doctor\` says what is missing."
echo "================================================================================"
if [ -t 0 ] && [ -t 1 ]; then
	exec $sonde top "$recording"
fi
for page in services routes statements commands losses; do
	$sonde top --once --page $page "$recording" || exit 1
	echo
done
