# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# fish completion for sonde: commands and options are what `sonde --help` and `sonde COMMAND --help` say.
function __sonde_commands
    sonde --help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __sonde_options
    set -l words (commandline -opc)
    test (count $words) -gt 1; or return
    sonde $words[2] --help 2>/dev/null | sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z.-]*\)\( [A-Z|a-z:]*\)\{0,1\}  *\(.*\)/\2\t\4/p'
end

complete -c sonde -f -n 'test (count (commandline -opc)) -eq 1' -a '(__sonde_commands)'
complete -c sonde -F -n 'test (count (commandline -opc)) -gt 1' -a '(__sonde_options)'
