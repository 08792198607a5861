/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "service/container.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "service/arguments.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static size_t hex_length(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

/* ---- one component of the path ---- */

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, size_t length, const char *with)
{
	size_t n = strlen(with);

	return length > n && memcmp(text + length - n, with, n) == 0;
}

/* systemd's escapes: "\x2d" is a dash (systemd.unit(5), "String escaping"). */
static void unescape(char *out, size_t size, const char *text, size_t length)
{
	char hex[3] = "";
	size_t n = 0;

	for (size_t i = 0; i < length && n + 1 < size; i++) {
		if (i + 3 < length && text[i] == '\\' && text[i + 1] == 'x' &&
		    strspn(text + i + 2, "0123456789abcdefABCDEF") >= 2) {
			memcpy(hex, text + i + 2, 2);
			out[n++] = (char)strtoul(hex, NULL, 16);
			i += 3;
		} else {
			out[n++] = text[i];
		}
	}
	out[n] = '\0';
}

/*
 * 64 hexadecimal digits: an id as Docker ("docker-ID.scope", "docker/ID"), containerd
 * ("cri-containerd-ID.scope"), CRI-O ("crio-ID.scope") and Podman ("libpod-ID.scope") write it.
 * Their monitors ("crio-conmon-ID", "libpod-conmon-ID") are outside of the container.
 */
static bool take_id(const char *part, size_t length, struct container *out)
{
	for (size_t i = 0; i + 64 <= length; i++) {
		size_t digits = hex_length(part + i);

		if (digits == 64 && !memmem(part, i, "conmon-", 7)) {
			snprintf(out->id, sizeof(out->id), "%.64s", part + i);
			return true;
		}
		i += digits;
	}
	return false;
}

/* "machine-NAME.scope" of systemd-machined, "systemd-nspawn@NAME.service", "lxc.payload.NAME". */
static void take_name(const char *part, size_t length, struct container *out)
{
	static const struct {
		const char *prefix, *suffix;
	} forms[] = {
		{"machine-", ".scope"},
		{"systemd-nspawn@", ".service"},
		{"lxc.payload.", ""},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t before = strlen(forms[i].prefix), after = strlen(forms[i].suffix);

		if (starts(part, forms[i].prefix) && length > before + after &&
		    (!after || ends(part, length, forms[i].suffix)))
			unescape(out->id, sizeof(out->id), part + before, length - before - after);
	}
}

/* A UUID, its dashes written as underscores by systemd; of a static pod, a hash. */
static bool is_uid(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef-_") >= length &&
	       (length == 36 || (length == 32 && hex_length(text) >= 32));
}

/*
 * "pod<uid>" by the kubelet's cgroupfs driver, "...-pod<uid with underscores>.slice" by its systemd
 * driver (kubernetes pkg/kubelet/cm/cgroup_manager_linux.go).
 */
static void take_pod(const char *part, size_t length, struct container *out)
{
	const char *at = part, *end = part + length;
	size_t uid;

	while ((at = memmem(at, (size_t)(end - at), "pod", 3)) != NULL) {
		at += 3;
		uid = strcspn(at, "/.:");
		if (at + uid > end || !is_uid(at, uid))
			continue;
		snprintf(out->pod, sizeof(out->pod), "%.*s", (int)uid, at);
		for (char *c = out->pod; *c; c++)
			if (*c == '_')
				*c = '-';
	}
}

/* ---- the path: the innermost container counts, nodes may run in containers themselves ---- */

void container__of(const char *cgroup, struct container *out)
{
	bool kubernetes = strstr(cgroup, "kubepods") != NULL, lxc = false;

	*out = (struct container){0};
	while (*cgroup) {
		size_t length = strcspn(cgroup, "/");

		if (!take_id(cgroup, length, out))
			take_name(cgroup, length, out);
		if (lxc && length) /* "/lxc/NAME", LXC before its version 4 */
			snprintf(out->id, sizeof(out->id), "%.*s", (int)(length < 64 ? length : 64),
				 cgroup);
		lxc = length == 3 && starts(cgroup, "lxc");
		if (kubernetes)
			take_pod(cgroup, length, out);
		cgroup += length;
		cgroup += *cgroup == '/';
	}
}

void unit__of(const char *cgroup, char *out, size_t size)
{
	const char *const *others =
		NAMES("user", "init", "docker", "containerd", "crio", "kubelet", "k3s", "ssh",
		      "sshd", "cron", "crond", "atd", "supervisor", "supervisord", "systemd-nspawn",
		      "gitlab-runner", "podman", "pm2-root", "lxc", "lxd", "incus", "snapd");
	const char *part = NULL;
	size_t length = 0;

	out[0] = '\0';
	for (const char *at = cgroup; *at; at += at[0] == '/') {
		size_t n = strcspn(at, "/");

		if (ends(at, n, ".service")) {
			part = at;
			length = n - strlen(".service");
		}
		at += n;
	}
	if (!part)
		return;
	unescape(out, size, part, length);
	if (strchr(out, '@'))
		*strchr(out, '@') = '\0';
	if (argument__is_one_of(out, others))
		out[0] = '\0';
}
