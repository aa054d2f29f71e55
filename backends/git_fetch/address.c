/* address.c - certificates of hosts that are reached by their IP address.
 *
 * libgit2 verifies by mbedTLS 2.28, which compares a host with the DNS names in a certificate alone:
 * one for 127.0.0.1 is valid but for its name. That comparison is made again here. It holds only for
 * the very certificate whose signatures and times mbedTLS found good, so a second connection is made
 * and nothing but that certificate is taken on it; that the server has its key is shown each time. */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "backends/git_fetch/fetch_i.h"

/* MBEDTLS_X509_BADCERT_CN_MISMATCH, and no other flag. */
#define ONLY_THE_NAME 0x04

void address_note(struct address *a, const void *der, size_t n, const char *host)
{
	const unsigned char *at = der;
	X509 *leaf;

	a->leaf_len = 0;
	if (n > sizeof(a->leaf))
		return;
	leaf = d2i_X509(NULL, &at, (long)n);
	if (leaf && X509_check_ip_asc(leaf, host, 0) == 1) {
		memcpy(a->leaf, der, n);
		a->leaf_len = n;
	}
	X509_free(leaf);
}

bool address_believe(struct address *a, const char *said)
{
	const char *flags = strstr(said, "certificate is invalid: ");

	a->believed =
		!a->believed && a->leaf_len && flags &&
		strtoul(flags + strlen("certificate is invalid: "), NULL, 16) == ONLY_THE_NAME;
	return a->believed;
}

bool address_is(const struct address *a, const void *der, size_t n)
{
	return a->believed && n == a->leaf_len && memcmp(a->leaf, der, n) == 0;
}
