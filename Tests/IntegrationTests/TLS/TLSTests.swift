import Glibc
import Server
import Testing

/// Listeners with a table `[tls]`, and clients of OpenSSL, Python and curl.
@Suite struct TLSTests {
    // MARK: What is spoken

    @Test func versionsAreThoseThatTheFileSays() throws {
        let tls = try TLSServer()
        try tls.python(
            """
            for version in ('TLSv1_2', 'TLSv1_3'):
                peer = client(version=ssl.TLSVersion[version])
                assert peer.version() == version.replace('_', '.'), peer.version()
                ask(peer)
            """)
        #expect(try tls.openssl("-tls1_1 -cipher ALL@SECLEVEL=0").contains("alert protocol version"))
        let newest = try TLSServer("minimum_version = \"1.3\"\n")
        try newest.python("refused(lambda: client(version=ssl.TLSVersion.TLSv1_2)); ask(client())")
        let older = try TLSServer("maximum_version = \"1.2\"\nciphers = \"ECDHE-ECDSA-CHACHA20-POLY1305\"\n")
        try older.python(
            "peer = client(); ask(peer); assert peer.cipher()[0] == 'ECDHE-ECDSA-CHACHA20-POLY1305', peer.cipher()")
    }

    @Test func theCertificateIsThatOfTheServerName() throws {
        let certificates = try Certificates.get()
        let tls = try TLSServer("[[tls.certificates]]\n\(certificates.identity("b"))")
        try tls.python(
            """
            def subject(name, verify=True):
                made = context()
                if not verify: made.check_hostname = False
                peer = client(name, made)
                ask(peer)
                return dict(part[0] for part in peer.getpeercert()['subject'])['commonName']

            for name, expected in [('a.example', 'a'), ('A.EXAMPLE', 'a'), ('x.wild.example', 'a'), ('b.example', 'b')]:
                assert subject(name) == expected, (name, subject(name))
            # The first one is for all other names, and for peers that give none.
            assert subject('unknown.example', False) == subject(None, False) == 'a'
            assert subject('x.y.wild.example', False) == 'a'
            assert 'match' in refused(lambda: subject('c.example'))
            """)
    }

    @Test func theServerChoosesTheProtocol() throws {
        let tls = try TLSServer("protocols = [\"two\", \"one\"]\n")
        try tls.python(
            """
            for offered, expected in [(['one', 'two'], 'two'), (['one'], 'one'), (['zero', 'one'], 'one'), ([], None)]:
                peer = client(protocols=offered)
                ask(peer)
                assert peer.selected_alpn_protocol() == expected, (offered, peer.selected_alpn_protocol())
            assert 'no application protocol' in refused(lambda: client(protocols=['zero'])).lower()
            """)
        let any = try TLSServer()
        try any.python(
            "peer = client(protocols=['zero']); ask(peer); assert peer.selected_alpn_protocol() is None")
    }

    // MARK: Certificates of clients

    @Test(arguments: ["1.2", "1.3"]) func clientsShowCertificates(_ version: String) throws {
        let certificates = try Certificates.get()
        let files = """
            minimum_version = "\(version)"
            maximum_version = "\(version)"
            client_authorities = "\(certificates.file("ca.pem"))"
            client_revocations = "\(certificates.file("crl.pem"))"

            """
        let script = """
            def attempt(certificate):
                # In TLS 1.3 the refusal comes after the client's handshake.
                with client(certificate=certificate) as peer: ask(peer)

            for certificate in ['client'] + %GOOD%: attempt(certificate)
            for certificate in ['foreign', 'revoked'] + %BAD%: refused(lambda: attempt(certificate))
            """
        for (kind, good, bad) in [("optional", "[None]", "[]"), ("required", "[]", "[None]")] {
            let tls = try TLSServer(files + "client_certificates = \"\(kind)\"\n")
            let words = script.split(separator: "%").map { $0 == "GOOD" ? good : $0 == "BAD" ? bad : String($0) }
            try tls.python(words.joined())
            let hits = try tls.server.counts(of: "echo").limits
            #expect(hits["tls"] == (kind == "optional" ? 2 : 3), "each refusal is counted: \(hits)")
        }
    }

    /// Through a plugin in C that was written from the header alone.
    @Test func thePluginMayAsk() throws {
        let certificates = try Certificates.get()
        let every = try EveryFunctionServer(
            "[tls]\n\(certificates.identity("a"))protocols = [\"lines\"]\nclient_certificates = \"optional\"\n"
                + "client_authorities = \"\(certificates.file("ca.pem"))\"\nprincipal = \"san:email\"\n")
        let port = try every.server.address(of: "every").port
        let fingerprint =
            try Subprocess.run(
                "sh",
                ["-c", "openssl x509 -in \(certificates.file("client.pem")) -outform DER | sha256sum | cut -d' ' -f1"]
            ).output.split(separator: "\n").first.map(String.init) ?? ""
        try TLSServer.python(
            """
            def line(peer, text):
                peer.sendall(text.encode() + b'\\n')
                found = b''
                while not found.endswith(b'\\n'): found += receive(peer, 1)
                return found.decode().strip()

            made = context('client', ssl.TLSVersion.TLSv1_3, ['lines'])
            peer = client(made=made)
            facts = ['TLSv1.3', peer.cipher()[0], 'lines', 'a.example', 'CN=client', 'CN=ca', sys.argv[3], '', 'client@a.example',
                     'spiffe://a.example/client', 'client@a.example']
            for number, expected in enumerate(facts):
                found = line(peer, f'text {number}')
                assert found == f'text 0 {expected}'.strip(), (number, found)
            assert line(peer, 'text 11') == 'text -2', line(peer, 'text 11')
            assert line(peer, 'state') == 'state 5'
            assert line(client(made=made, session=peer.session), 'state') == 'state 7'
            plain = client(version=ssl.TLSVersion.TLSv1_2)
            assert line(plain, 'state') == 'state 1'
            assert line(plain, 'text 0') == 'text 0 TLSv1.2' and line(plain, 'text 4') == 'text 0'
            """, port: port, [fingerprint])
        #expect(try every.server.status().listeners.count == 1)
    }

    /// A session that began before the list was there must not be a way around it.
    @Test func aRevokedClientDoesNotResume() throws {
        let certificates = try Certificates.get()
        let table =
            "client_certificates = \"optional\"\nclient_authorities = \"\(certificates.file("ca.pem"))\"\n"
        let tls = try TLSServer(table)
        try tls.python(
            """
            import subprocess
            made = context('revoked', ssl.TLSVersion.TLSv1_3)
            peer = client(made=made)
            ask(peer)
            again = client(made=made, session=peer.session)
            ask(again)
            assert again.session_reused
            with open(sys.argv[3], 'a') as file: file.write(f'client_revocations = "{files}crl.pem"\\n')
            result = subprocess.run([sys.argv[4], 'reload', '--config', sys.argv[5]], capture_output=True, text=True)
            assert result.returncode == 0 and 'moved' in result.stdout, result.stdout + result.stderr
            refused(lambda: ask(client(made=made, session=again.session)))
            """, tls.folder.file("echo.toml"), BuildFolder.martlet, tls.folder.processFile)
    }

    @Test func whatTheAuthoritySaysIsStapled() throws {
        let certificates = try Certificates.get()
        let tls = try TLSServer("staple = \"\(certificates.file("a.ocsp"))\"\n")
        for version in ["-tls1_2", "-tls1_3"] {
            let output = try tls.openssl("\(version) -status -CAfile \(certificates.file("ca.pem"))")
            #expect(
                output.contains("OCSP Response Status: successful") && output.contains("Cert Status: good"), "\(output)"
            )
        }
        #expect(try tls.change() == .moved)
        #expect(try tls.openssl("-status").contains("OCSP response: no response sent"))
    }

    // MARK: Sessions

    @Test(arguments: ["TLSv1_2", "TLSv1_3"]) func sessionsAreResumed(_ version: String) throws {
        let certificates = try Certificates.get()
        let key = "ticket_key = \"\(certificates.file("ticket.key"))\"\n"
        let tls = try TLSServer(key)
        try tls.python(
            """
            made = context(version=ssl.TLSVersion.\(version))
            peer = client(made=made)
            ask(peer)
            assert not peer.session_reused
            again = client(made=made, session=peer.session)
            ask(again)
            assert again.session_reused
            """)
        // Across a reload with another certificate, and across a restart.
        let path = tls.folder.path + "/session.pem"
        let flag = version == "TLSv1_2" ? "-tls1_2" : "-tls1_3"
        func isResumed() throws -> Bool {
            try tls.openssl("\(flag) -sess_in \(path)", input: "Q\\n").contains("Reused, TLS")
        }
        try tls.python(
            """
            import subprocess
            peer = subprocess.Popen(['openssl', 's_client', '-connect', f'127.0.0.1:{port}', '\(flag)', '-sess_out', sys.argv[3], '-quiet'],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            peer.stdin.write(b'hello')
            peer.stdin.flush()
            assert peer.stdout.read(5) == b'hello'
            peer.kill()
            peer.wait()
            assert os.path.getsize(sys.argv[3]) > 0
            """, path)
        #expect(try isResumed())
        #expect(try tls.change(key, name: "a2") == .moved)
        #expect(try isResumed())
        try tls.restart()
        #expect(try isResumed())
        // Without the file, the secret ends with the server.
        #expect(try tls.change() == .moved)
        #expect(try !isResumed())
        #expect(try tls.change("tickets = false\n") == .moved)
        try tls.python("peer = client(); ask(peer); assert not peer.session or not peer.session.has_ticket")
    }

    /// So that nobody who listens can tell that two connections are of one client. RFC 8446, C.4
    @Test func aTicketIsUsedOnce() throws {
        let tls = try TLSServer()
        try tls.python(
            """
            made = context(version=ssl.TLSVersion.TLSv1_3)
            seen, session = set(), None
            for _ in range(4):
                peer = client(made=made, session=session)
                ask(peer)
                assert peer.session_reused == (session is not None)
                session = peer.session
                assert session.has_ticket and session.id not in seen
                seen.add(session.id)
            """)
    }

    /// AES-128 first, because it is the fastest, but a client without AES in hardware gets ChaCha20.
    @Test func theServerChoosesTheCipher() throws {
        let tls = try TLSServer()
        func cipher(_ options: String) throws -> Substring? {
            try tls.openssl(options).split(separator: "\n").first { $0.hasPrefix("New, ") }?.split(separator: " ").last
        }
        #expect(try cipher("-ciphersuites TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256") == "TLS_AES_128_GCM_SHA256")
        #expect(
            try cipher("-ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256")
                == "TLS_CHACHA20_POLY1305_SHA256")
        #expect(
            try cipher("-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256")
                == "ECDHE-ECDSA-AES128-GCM-SHA256")
    }

    // MARK: Bytes

    /// Large and small writes, a peer that reads late, and pieces of all sizes.
    @Test(arguments: ["loops", "workers"], ["TLSv1_2", "TLSv1_3"]) func everyByteArrives(
        _ dispatch: String, _ version: String
    ) throws {
        let tls = try TLSServer(keys: "dispatch = \"\(dispatch)\"")
        try tls.python(
            """
            data = os.urandom(3_000_000)
            peers = [client(version=ssl.TLSVersion.\(version)) for _ in range(4)]
            # In one thread, because Python's sockets with TLS are not for two.
            sizes = dict(zip(peers, (700, 16_384, 50_000, 3_000_000)))
            sent, found = {peer: 0 for peer in peers}, {peer: bytearray() for peer in peers}
            for peer in peers: peer.setblocking(False)
            while any(len(found[peer]) < len(data) for peer in peers):
                select.select(peers, [peer for peer in peers if sent[peer] < len(data)], [], 20)
                for peer in peers:
                    try:
                        if sent[peer] < len(data): sent[peer] += peer.send(data[sent[peer]:sent[peer] + sizes[peer]])
                    except (ssl.SSLWantReadError, ssl.SSLWantWriteError): pass
                    try:
                        while len(found[peer]) < len(data):
                            part = peer.recv(1 << 16)
                            assert part, 'end'
                            found[peer] += part
                    except (ssl.SSLWantReadError, ssl.SSLWantWriteError): pass
            for peer in peers:
                assert found[peer] == data, 'bytes differ'
                peer.setblocking(True)
            for peer in peers: ask(peer)
            """)
    }

    @Test func filesArriveWhole() throws {
        let certificates = try Certificates.get()
        let folder = try ServerFolder()
        try folder.install(BuildFolder.plugin("HTTPPlugin"), as: "http.so")
        mkdir(folder.path + "/www", 0o755)
        let bytes = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }
        try Files.replace(folder.path + "/www/big", with: bytes, mode: 0o644)
        try folder.listen(
            "http", plugin: "http.so",
            "[options]\nroutes = [{ path = \"/\", root = \"\(folder.path)/www\" }]\n[tls]\nprotocols = [\"http/1.1\"]\n"
                + certificates.identity("a"))
        let server = try RunningServer(folder)
        let port = try server.address(of: "http").port
        let ca = certificates.file("ca.pem")
        let result = try Subprocess.run(
            "sh",
            [
                "-c",
                "curl -sS --cacert \(ca) https://127.0.0.1:\(port)/big | cmp - \(folder.path)/www/big && "
                    + "curl -sS --cacert \(ca) --limit-rate 3M -r 100000-4000000 https://127.0.0.1:\(port)/big | wc -c",
            ])
        #expect(result.status == 0 && result.output == "3900001\n" && result.errors == "", "\(result)")
        // Who forgets the s gets an answer that says so.
        let plain = try Subprocess.run("curl", ["-sS", "-w", "%{http_code}", "http://127.0.0.1:\(port)/big"])
        #expect(plain.output == "This port speaks TLS. Use https.\n400")
    }

    @Test func bothSidesSayGoodbye() throws {
        let tls = try TLSServer()
        try tls.python(
            """
            # Half-closed: close_notify from here, and the answer to what came before.
            peer = client()
            peer.sendall(b'last')
            assert receive(peer, 4) == b'last'
            plain = peer.unwrap()
            assert plain.recv(10) == b''
            # A cut-off is no end.
            peer = client()
            ask(peer)
            peer.detach()
            """)
    }

    // MARK: Reload

    @Test func aNewCertificateIsForNewConnections() throws {
        let tls = try TLSServer()
        try tls.python(
            """
            import subprocess
            old = client()
            ask(old)
            name = lambda peer: dict(part[0] for part in peer.getpeercert()['subject'])['commonName']
            assert name(old) == 'a'
            toml, martlet, config = sys.argv[3:6]
            for round in range(10):
                expected = 'a2' if round % 2 == 0 else 'a'
                text = open(toml).read()
                for kind in ('.pem', '.key'):
                    text = text.replace(files + 'a2' + kind, files + 'a' + kind).replace(files + 'a' + kind, files + expected + kind)
                with open(toml + '.new', 'w') as file: file.write(text)
                os.chmod(toml + '.new', 0o644)
                os.rename(toml + '.new', toml)
                result = subprocess.run([martlet, 'reload', '--config', config], capture_output=True, text=True)
                assert result.returncode == 0 and 'moved' in result.stdout, result.stdout + result.stderr
                ask(old, os.urandom(50_000))
                peer = client()
                ask(peer)
                assert name(peer) == expected, (name(peer), expected)
            """, tls.folder.file("echo.toml"), BuildFolder.martlet, tls.folder.processFile)
        #expect(try tls.server.row("echo").generation == 1, "the plugin runs on")
    }

    @Test(arguments: [
        ("key = \"FILES/b.key\"", "tls.key", "the key does not fit the certificate"),
        ("key = \"FILES/open.key\"", "tls.key", "everybody on this machine can read it"),
        ("key = \"FILES/encrypted.key\"", "tls.key", "the key is encrypted"),
        ("key = \"FILES/nonsense.pem\"", "tls.key", "expected a private key in PEM"),
        ("key = \"FILES/missing.key\"", "tls.key", "missing.key: no such file"),
        ("key = \"FILES\"", "tls.key", "expected a file, found a directory"),
        ("certificate = \"FILES/nonsense.pem\"", "tls.certificate", "expected certificates in PEM"),
        ("certificate = \"FILES/old.pem\"", "tls.certificate", "the certificate expired on"),
        ("ciphers = \"NONE\"", "tls.ciphers", "no cipher match"),
        ("groups = \"P-1\"", "tls.groups", "such as \"X25519:P-256\"; found \"P-1\""),
        ("ticket_key = \"FILES/short.key\"", "tls.ticket_key", "expected 32 random bytes or more, found 16"),
        ("staple = \"FILES/nonsense.pem\"", "tls.staple", "expected an OCSP response in DER"),
        ("staple = \"FILES/old.ocsp\"", "tls.staple", "the OCSP response expired on"),
        ("key_log = true", "tls.key_log", "SSLKEYLOGFILE"),
        (
            "client_certificates = \"optional\"\nclient_authorities = \"FILES/ca.pem\"\nclient_revocations = \"FILES/damaged.crl\"",
            "tls.client_revocations", "or a damaged one"
        ),
        ("principal = \"subject\"", "tls.principal", "nobody is asked for a certificate"),
        ("client_certificates = \"required\"", "tls.client_certificates", "expected client_authorities beside it"),
        ("minimum_version = \"1.3\"\nmaximum_version = \"1.2\"", "tls.minimum_version", "at most maximum_version"),
    ])
    func aBrokenFileRefusesItsListener(_ line: String, _ key: String, _ reason: String) throws {
        let certificates = try Certificates.get()
        let tls = try TLSServer()
        let files = String(certificates.file("").dropLast())
        let own = certificates.identity("a").split(separator: "\n").filter { one in
            !line.hasPrefix(one.prefix { $0 != " " } + " ")
        }
        let changed = line.split(separator: "FILES", omittingEmptySubsequences: false).joined(separator: files)
        try tls.folder.listen(
            "echo", plugin: "echo.so", on: ["127.0.0.1:\(tls.port)"],
            "[tls]\n" + own.joined(separator: "\n") + "\n" + changed)
        let receipt = try tls.server.reload()
        let text = receipt.entries.filter { $0.outcome == .refused }.map(\.detail).joined(separator: "\n")
        #expect(text.contains(key) && text.contains(reason), "\(text)")
        let check = try tls.folder.martlet("config", "check", tls.folder.plugins)
        #expect(check.status != 0 && (check.errors + check.output).contains(reason))
        try tls.python("ask(client())")
    }

    @Test func aCertificateForDevelopmentIsMade() throws {
        let folder = try ServerFolder()
        try folder.installEcho(on: ["127.0.0.1:0"], "tls = \"self-signed\"")
        let server = try RunningServer(folder)
        let port = try server.address().port
        try TLSServer.python(
            """
            made = ssl.create_default_context(cadata=ssl.get_server_certificate(('127.0.0.1', port)))
            for name in ('localhost', '127.0.0.1'): ask(client(name, made))
            """, port: port)
        // A reload keeps it.
        #expect(try server.reload("echo") == .unchanged)
    }
}
