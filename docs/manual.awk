# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Makes a manual page (man(7)) of a document: `awk -v name=sonde.yaml -v section=5 -v about=... -v version=... -f manual.awk`.
# Understands what docs/ uses: headings, paragraphs, lists, code, tables of which the first column is the key.

function inline(text,    out, code, n, part, i)
{
	gsub(/\\\|/, "|", text)
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	while (match(text, /\[[^]]*\]\([^)]*\)/)) {
		code = substr(text, RSTART + 1, RLENGTH - 2)
		n = index(code, "](")
		part[1] = substr(code, 1, n - 1)
		part[2] = substr(code, n + 2)
		code = "\\fI" documents part[2] "\\fR"
		if (part[1] != part[2])
			code = part[1] " (" code ")"
		text = substr(text, 1, RSTART - 1) code substr(text, RSTART + RLENGTH)
	}
	n = split(text, part, "`")
	out = part[1]
	for (i = 2; i <= n; i++)
		out = out (i % 2 ? "\\fR" : "\\fB") part[i]
	gsub(/\*\*/, "", out)
	while (match(out, /\*[A-Z][^*]*\*/))
		out = substr(out, 1, RSTART - 1) "\\fI" substr(out, RSTART + 1, RLENGTH - 2) "\\fR" substr(out, RSTART + RLENGTH)
	if (out ~ /^[.']/)
		out = "\\&" out
	return out
}

function paragraph()
{
	if (text != "")
		print inline(text)
	text = ""
}

function row(line,    cell, n, i, key)
{
	gsub(/\\\|/, "\001", line)
	n = split(line, cell, "|")
	for (i = 1; i <= n; i++) {
		gsub(/^ +| +$/, "", cell[i])
		gsub("\001", "|", cell[i])
	}
	if (!in_table) {
		for (i = 2; i < n; i++)
			title[i] = cell[i]
		in_table = 1
		return
	}
	if (cell[2] ~ /^-+$/)
		return
	print ".TP"
	key = inline(cell[2])
	print key
	for (i = 3; i < n; i++)
		if (title[i] == "Meaning" || i == 3 && title[i] != "Default")
			print inline(cell[i]) "."
	for (i = 3; i < n; i++)
		if (title[i] == "Default" && cell[i] != "")
			print "Default: " inline(cell[i]) "."
		else if (title[i] == "SIGHUP")
			print cell[i] == "yes" ? "Taken by SIGHUP." : "Takes effect with the next start."
}

BEGIN {
	documents = "/usr/share/doc/sonde/"
	printf ".\\\" SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n"
	printf ".TH %s %s \"\" \"sonde %s\" \"File Formats\"\n.SH NAME\n%s \\- %s\n.SH DESCRIPTION\n", toupper(name), section,
		version, name, about
}
/^```/ { paragraph(); code = !code; print code ? ".PP\n.EX" : ".EE"; next }
code { gsub(/\\/, "\\e"); gsub(/-/, "\\-"); print /^[.']/ ? "\\&" $0 : $0; next }
/^\|/ { paragraph(); row($0); next }
{ in_table = 0 }
/^# / { next }
/^## / { paragraph(); print ".SH " toupper(substr($0, 4)); next }
/^- / { paragraph(); print ".IP \\(bu 2"; text = substr($0, 3); next }
/^$/ { paragraph(); blank = 1; next }
{
	if (blank && text == "" && !/^  /)
		print ".PP"
	blank = 0
	gsub(/^ +/, "")
	text = text == "" ? $0 : text " " $0
}
END {
	paragraph()
	print ".SH FILES\n.TP\n.I /etc/sonde/sonde.yaml\nThe packaged unit's configuration.\n.SH SEE ALSO\n.BR sonde (8)"
}
