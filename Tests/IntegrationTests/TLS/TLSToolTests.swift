import Testing

/// Programs of others that look for weaknesses of TLS servers.
@Suite struct TLSToolTests {
    /// Fails if sslscan(1) finds anything that Mozilla's intermediate profile has not.
    @Test(.enabled(if: Programs.has("sslscan"), "sslscan is not installed"), arguments: ["a", "b"])
    func sslscanFindsTheIntermediateProfile(_ name: String) throws {
        let tls = try TLSServer(name: name)
        let result = try Subprocess.run("sslscan", ["--no-colour", "127.0.0.1:\(tls.port)"])
        #expect(result.status == 0, "\(result)")
        for line in [
            "SSLv2     disabled", "SSLv3     disabled", "TLSv1.0   disabled", "TLSv1.1   disabled",
            "TLSv1.2   enabled",
            "TLSv1.3   enabled", "Server supports TLS Fallback SCSV", "Session renegotiation not supported",
            "TLSv1.3 not vulnerable to heartbleed", "TLSv1.2 not vulnerable to heartbleed",
        ] {
            #expect(result.output.contains(line), "\(line) in \(result.output)")
        }
        let ciphers = result.output.split(separator: "\n").filter {
            $0.hasPrefix("Accepted") || $0.hasPrefix("Preferred")
        }.compactMap { $0.split(separator: " ").dropFirst(4).first }
        let kind = name == "a" ? "ECDSA" : "RSA"
        #expect(
            Set(ciphers) == [
                "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                "ECDHE-\(kind)-AES128-GCM-SHA256", "ECDHE-\(kind)-AES256-GCM-SHA384",
                "ECDHE-\(kind)-CHACHA20-POLY1305",
            ])
    }

    /// The vulnerabilities that testssl.sh(1) knows, and its own judgment of protocols and forward secrecy.
    @Test(.enabled(if: Programs.has("testssl"), "testssl.sh is not installed"))
    func testsslFindsNoVulnerability() throws {
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        try folder.listen("http", plugin: "http.so", "[tls]\n\(Certificates.get().identity("a"))")
        let server = try RunningServer(folder)
        let port = try server.address(of: "http").port
        let report = folder.path + "/report.csv"
        let scan = try Subprocess(
            "testssl",
            [
                "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1", "--csvfile", report, "-p", "-s",
                "-U",
                "127.0.0.1:\(port)",
            ])
        scan.closeInput()
        _ = try scan.wait(within: .seconds(300))
        // id, address, port, severity, finding
        let rows = try Files.text(report).split(separator: "\n").dropFirst().map {
            $0.split(separator: "\",\"").map { $0.filter { $0 != "\"" } }
        }
        #expect(rows.count > 25, "\(rows)")
        // What OpenSSL on this machine lacks is no fault of the server.
        for row in rows where row.count > 4 && row[0] != "engine_problem" {
            #expect(["OK", "INFO"].contains(row[3]), "\(row)")
        }
        #expect(try server.status().listeners.count == 1)
    }

    /// GnuTLS as the client: it connects, resumes its session, and sends.
    @Test(.enabled(if: Programs.has("gnutls-cli"), "gnutls-cli is not installed"), arguments: ["1.2", "1.3"])
    func gnuTLSConnects(_ version: String) throws {
        let certificates = try Certificates.get()
        let tls = try TLSServer(
            "client_certificates = \"required\"\nclient_authorities = \"\(certificates.file("ca.pem"))\"\n")
        try tls.python(
            """
            import subprocess
            peer = subprocess.Popen(
                ['gnutls-cli', '--priority', 'NORMAL:-VERS-ALL:+VERS-TLS\(version)', '--x509cafile', files + 'ca.pem', '--x509certfile',
                 files + 'client.pem', '--x509keyfile', files + 'client.key', '--sni-hostname', 'a.example', '--verify-hostname', 'a.example',
                 '--resume', '-p', str(port), '127.0.0.1'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            seen = b''
            def wait(text):
                global seen
                while text not in seen:
                    part = os.read(peer.stdout.fileno(), 65_536)
                    assert part, seen
                    seen += part
            wait(b'This is a resumed session')
            # Its own data: the client waits for an answer before it says that it resumes.
            peer.stdin.write(b'hello from gnutls')
            peer.stdin.flush()
            wait(b'hello from gnutls')
            assert b'The certificate is trusted' in seen, seen
            peer.stdin.close()
            peer.wait()
            """)
    }

    private static let hasTLSLite =
        (try? Subprocess.run("/usr/bin/python3", ["-c", "\(TLSServer.moreModules)import tlslite"]).status) == 0

    /// What no library for clients does: tlslite-ng lets us choose every message.
    @Test(.enabled(if: hasTLSLite, "tlslite-ng is not installed"))
    func whatOnlyAHostilePeerSends() throws {
        let tls = try TLSServer("[limits]\nhandshake_timeout = \"10s\"\n")
        try tls.python(
            """
            \(TLSServer.moreModules)
            from tlslite.api import TLSConnection, HandshakeSettings
            from tlslite.messages import Alert, ApplicationData, Message
            from tlslite.constants import ContentType, KeyUpdateMessageType
            good = client()

            def connect(version=(3, 4), record=None):
                plain = socket.create_connection(('127.0.0.1', port), 20)
                peer = TLSConnection(plain)
                if record: peer.recordSize = record
                settings = HandshakeSettings()
                settings.minVersion = settings.maxVersion = version
                peer.handshakeClientCert(settings=settings, serverName='a.example')
                return peer

            def converse(peer, data=b'hello'):
                peer.sendall(data)
                found = b''
                while len(found) < len(data): found += peer.recv(len(data) - len(found))
                assert found == data

            def ended(peer):
                peer.sock.settimeout(20)
                try:
                    while peer.sock.recv(65_536): pass
                except OSError as error: assert not isinstance(error, TimeoutError)

            def send(peer, message):
                for result in peer._sendMsg(message): pass

            for version in ((3, 3), (3, 4)):
                # Handshake messages in records of one byte.
                for record in (1, 7, 100):
                    peer = connect(version, record)
                    converse(peer, os.urandom(300))
                # Empty records are allowed, but not for ever.
                peer = connect(version)
                for _ in range(20): send(peer, ApplicationData().create(b''))
                converse(peer)
                # A warning is no end; more than some are.
                ask(good)
                # Unknown kinds of records are the end.
                peer = connect(version)
                converse(peer)
                send(peer, Message(99, bytearray(b'what')))
                ended(peer)
                # A record that is longer than the standard allows. RFC 8446, 5.2
                peer = connect(version)
                converse(peer)
                peer.sock.sendall(b'\\x17\\x03\\x03\\xff\\xff' + os.urandom(65_535))
                ended(peer)
                # An end without goodbye, in the middle of a record.
                peer = connect(version)
                converse(peer)
                peer.sock.sendall(b'\\x17\\x03\\x03\\x01\\x00half')
                peer.sock.shutdown(socket.SHUT_WR)
                ended(peer)
                ask(good)

            # Renegotiation. RFC 5246, 7.4.1.1
            peer = connect((3, 3))
            converse(peer)
            send(peer, Message(ContentType.handshake, bytearray(b'\\x01\\x00\\x00\\x26\\x03\\x03' + os.urandom(32) + b'\\x00\\x00\\x02\\xc0\\x2b\\x01\\x00')))
            peer.sock.settimeout(20)
            try: converse(peer)
            except Exception: pass
            ask(good)

            # New keys again and again; each must be answered, and every byte arrives.
            peer = connect()
            for round in range(300):
                for _ in range(10):
                    for result in peer.send_keyupdate_request(KeyUpdateMessageType.update_requested): pass
                converse(peer, os.urandom(100))
            # Who sends nothing else is cut off: each of these costs time, and none is for the plugin.
            peer = connect()
            converse(peer)
            peer.sock.settimeout(20)
            try:
                for _ in range(20_000):
                    for result in peer.send_keyupdate_request(KeyUpdateMessageType.update_not_requested): pass
            except Exception as error: assert not isinstance(error, TimeoutError)
            else: raise AssertionError('it goes on')
            ask(good)
            # The same from somebody who reads no answers: what waits for him is limited.
            peer = connect()
            peer.sock.settimeout(0.5)
            try:
                for _ in range(20_000):
                    for result in peer.send_keyupdate_request(KeyUpdateMessageType.update_requested): pass
            except OSError: pass
            ask(good)
            """)
        let memory = try tls.server.status().residentBytes
        #expect(memory < 200 << 20, "\(memory) bytes")
    }
}
