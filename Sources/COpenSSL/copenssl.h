/*
 * libcrypto of OpenSSL 3 for Swift.
 */
#ifndef COPENSSL_H
#define COPENSSL_H

#include <openssl/opensslv.h>

/* BoringSSL and LibreSSL, which have the same file names, do not define it. */
#if !defined(OPENSSL_VERSION_MAJOR) || OPENSSL_VERSION_MAJOR < 3
#error "expected the headers of OpenSSL 3 or later (Debian: libssl-dev)"
#endif

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#endif
