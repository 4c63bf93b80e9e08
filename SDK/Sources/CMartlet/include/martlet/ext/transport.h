/*
 * martlet/ext/transport.h - host extension "martlet.transport/1". Include martlet.h.
 */
#ifndef MARTLET_EXT_TRANSPORT_H
#define MARTLET_EXT_TRANSPORT_H

#include "../host.h"

MARTLET_BEGIN

#define MARTLET_TRANSPORT "martlet.transport/1"

/* What is true of a connection: bits of martlet_transport.state.
 *
 * Unknown bits: ignore them. */
#define MARTLET_TRANSPORT_ENCRYPTED ((uint32_t)1) /* TLS */
#define MARTLET_TRANSPORT_RESUMED ((uint32_t)2)   /* the peer has resumed an earlier session */
#define MARTLET_TRANSPORT_VERIFIED ((uint32_t)4)  /* the peer has shown a certificate that was verified */

/* A text about a connection. Those of the peer's certificate are empty without MARTLET_TRANSPORT_VERIFIED.
 *
 * Unknown values: text returns MARTLET_ERROR_ARGUMENT. */
typedef uint32_t martlet_transport_fact;
#define MARTLET_TRANSPORT_VERSION ((martlet_transport_fact)0)     /* "TLSv1.3" */
#define MARTLET_TRANSPORT_CIPHER ((martlet_transport_fact)1)      /* "TLS_AES_128_GCM_SHA256" */
#define MARTLET_TRANSPORT_PROTOCOL ((martlet_transport_fact)2)    /* by ALPN: "http/1.1" */
#define MARTLET_TRANSPORT_SERVER_NAME ((martlet_transport_fact)3) /* that the peer wanted */
#define MARTLET_TRANSPORT_SUBJECT ((martlet_transport_fact)4)     /* of the peer: "CN=client" (RFC 2253) */
#define MARTLET_TRANSPORT_ISSUER ((martlet_transport_fact)5)      /* of its certificate: "CN=authority" */
#define MARTLET_TRANSPORT_FINGERPRINT ((martlet_transport_fact)6) /* SHA-256, hexadecimal */
#define MARTLET_TRANSPORT_HOST ((martlet_transport_fact)7)        /* DNS names and addresses */
#define MARTLET_TRANSPORT_EMAIL ((martlet_transport_fact)8)       /* e-mail addresses */
#define MARTLET_TRANSPORT_URI ((martlet_transport_fact)9)         /* URIs */
#define MARTLET_TRANSPORT_PRINCIPAL ((martlet_transport_fact)10)  /* whom the certificate names, by tls.principal */

/* How the bytes of a connection pass. A plugin need not know: it works with TLS as without. */
typedef struct martlet_transport {
    /* -- since 1.0 -- */
    uint32_t size;
    uint32_t reserved; /* 0 */

    /* 0: the bytes pass as they are. [loop], inside a callback of the connection */
    uint32_t (*state)(martlet_connection *connection);

    /* Sets `*text`; empty: there is none. `index` counts from 0 where there may be several: HOST, EMAIL, URI. The text
     * is valid until the callback returns. Returns OK, ARGUMENT (an unknown fact), CLOSED.
     * [loop], inside a callback of the connection */
    martlet_result (*text)(martlet_connection *connection, martlet_transport_fact fact, size_t index,
                           martlet_text *text);
} martlet_transport;

MARTLET_END

#endif
