/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * 120 bytes of a Redis command through SSL_write and SSL_read over a socket pair, and 120 bytes
 * back. For each line of its input it prints how many microseconds one call took, the least of some
 * rounds. Its first output is the path of the library in use.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define BYTES  120
#define CALLS  4000
#define ROUNDS 8

static SSL_CTX *server_context(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	X509 *certificate = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, key);
	if (!X509_sign(certificate, key, EVP_sha256()) ||
	    SSL_CTX_use_certificate(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey(context, key) != 1)
		exit(1);
	return context;
}

static SSL *session(SSL_CTX *context, int fd, int server)
{
	SSL *ssl = SSL_new(context);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	SSL_set_fd(ssl, fd);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void pass(SSL *from, SSL *to, const char *bytes)
{
	char got[BYTES];

	if (SSL_write(from, bytes, BYTES) != BYTES || SSL_read(to, got, BYTES) != BYTES)
		exit(1);
}

static double measure(SSL *client, SSL *server, const char *request, const char *answer)
{
	double start = now_us();

	for (int i = 0; i < CALLS; i++) {
		pass(client, server, request);
		pass(server, client, answer);
	}
	return (now_us() - start) / CALLS / 4;
}

static double least(SSL *client, SSL *server, const char *request, const char *answer)
{
	double best = measure(client, server, request, answer), us;

	for (int round = 1; round < ROUNDS; round++) {
		us = measure(client, server, request, answer);
		best = us < best ? us : best;
	}
	return best;
}

static SSL *connect_pair(SSL **server)
{
	SSL *client;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		exit(1);
	client = session(SSL_CTX_new(TLS_client_method()), pair[0], 0);
	*server = session(server_context(), pair[1], 1);
	while (!SSL_is_init_finished(client) || !SSL_is_init_finished(*server)) {
		SSL_do_handshake(client);
		SSL_do_handshake(*server);
	}
	return client;
}

int main(void)
{
	char request[BYTES + 1], answer[BYTES + 1], line[16];
	SSL *client, *server;
	Dl_info library;

	snprintf(request, sizeof(request), "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$91\r\n%091d\r\n", 7);
	snprintf(answer, sizeof(answer), "$112\r\n%0112d\r\n", 7);
	dladdr((void *)SSL_read, &library);
	puts(library.dli_fname);
	fflush(stdout);
	client = connect_pair(&server);
	while (fgets(line, sizeof(line), stdin)) {
		if (line[0] == 'n') /* a new session: its beginning is seen */
			client = connect_pair(&server);
		printf("%.4f\n", least(client, server, request, answer));
		fflush(stdout);
	}
	return 0;
}
