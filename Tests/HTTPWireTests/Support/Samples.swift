/// Requests and bodies that the splitting and fuzzing tests start from: well-formed ones and ones that are refused.
enum Samples {
    static let accepted: [String] = [
        "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n",
        "\r\n\r\nHEAD /a?b=c HTTP/1.1\r\nhost:x\r\n\r\n",
        "GET /index.html HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "GET http://Example.com:81/x/y?q HTTP/1.1\r\nHost: other\r\n\r\n",
        """
        GET /assets/site.css?v=12 HTTP/1.1\r
        Host: www.example.com\r
        User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r
        Accept: text/css,*/*;q=0.1\r
        Accept-Encoding: gzip, deflate, br, zstd\r
        Referer: http://www.example.com/index.html\r
        Connection: keep-alive\r
        If-None-Match: "5f3e-1a2b3c", W/"x"\r
        If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r
        Range:\t bytes=0-99 \t\r
        X_odd!name: caf\u{E9} \t x\r
        Empty:\r
        \r

        """,
        """
        POST /api HTTP/1.1\r
        Host: a\r
        Content-Length: 5\r
        Expect: 100-continue\r
        \r
        hello
        """,
        "POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ]

    static let refused: [String] = [
        "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "\r\n\r\n\r\nGET",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
    ]

    static let chunkedBodies: [String] = [
        "0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
        "000A\r\n0123456789\r\n1\r\n!\r\n00\r\n\r\n",
        "5;name=value;flag; q = \"a;\\\"\\\\b\"\r\nhello\r\n0;last\r\nDigest: abc\r\nX-Sum:1\r\n\r\n",
        "1f\r\n0123456789abcdef0123456789abcde\r\n0\r\n\r\n",
    ]
}
