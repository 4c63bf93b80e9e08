import Glibc
import LoadGenerator
import TLSClient
import Testing

/// Peers of TLS listeners that break the rules, or are only slow. The server goes on.
@Suite struct HostileTLSTests {
    /// Relays what a client sends in pieces of one byte, and the answers as they are.
    @Test(arguments: ["a", "b"]) func aHandshakeMayComeByteByByte(_ name: String) throws {
        let tls = try TLSServer(name: name)
        try tls.python(
            """
            for version in ('TLSv1_2', 'TLSv1_3'):
                plain = socket.create_connection(('127.0.0.1', port), 20)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                peer = context(version=ssl.TLSVersion[version]).wrap_bio(incoming, outgoing, server_hostname='\(name).example')
                def attempt(step):
                    while True:
                        try:
                            return step()
                        except ssl.SSLWantReadError:
                            for byte in outgoing.read(): plain.sendall(bytes([byte]))
                            part = plain.recv(1)
                            assert part, 'end'
                            incoming.write(part)
                attempt(peer.do_handshake)
                peer.write(b'hello')
                assert attempt(lambda: peer.read(5)) == b'hello'
            """)
    }

    @Test func garbageIsRefused() throws {
        let tls = try TLSServer()
        let seed = Torture.seed
        try tls.python(
            """
            import random
            random.seed(\(seed))
            hello = ssl.MemoryBIO()
            try: context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname='a.example').do_handshake()
            except ssl.SSLWantReadError: pass
            hello = hello.read()
            good = client()
            for round in range(200):
                data = bytearray(hello if round % 2 else os.urandom(random.randrange(1, 2_000)))
                for _ in range(random.randrange(0, 5)): data[random.randrange(len(data))] = random.randrange(256)
                plain = socket.create_connection(('127.0.0.1', port), 20)
                plain.settimeout(0.01)
                # The server may have closed it already.
                try:
                    plain.sendall(data)
                    if round % 3: plain.shutdown(socket.SHUT_WR)
                    while plain.recv(65_536): pass
                except OSError: pass
                plain.close()
                ask(good)
            # A record in the middle of a conversation that is none.
            for data in (b'GET / HTTP/1.1\\r\\n\\r\\n', os.urandom(400), b'\\x17\\x03\\x03\\x00\\x20' + os.urandom(32), b'\\x17\\x03\\x03\\xff\\xff' + os.urandom(65_535)):
                peer = client()
                ask(peer)
                plain = socket.socket(fileno=peer.detach())
                plain.settimeout(20)
                try:
                    plain.sendall(data)
                    plain.shutdown(socket.SHUT_WR)
                    while plain.recv(65_536): pass
                except OSError: pass
                ask(good)
            """)
        #expect(try tls.server.hits("tls", of: "echo") > 0, "seed \(seed)")
    }

    @Test func aSilentPeerHasATimeLimit() throws {
        let tls = try TLSServer("[limits]\nhandshake_timeout = \"2s\"\n")
        try tls.python(
            """
            for data in (b'', b'\\x16\\x03\\x01\\x02\\x00'):
                plain = socket.create_connection(('127.0.0.1', port), 20)
                plain.sendall(data)
                assert plain.recv(100) == b''
            ask(client())
            """)
        #expect(try tls.server.hits("handshake_timeout", of: "echo") == 2)
    }

    @Test func handshakesAreLimited() throws {
        let tls = try TLSServer("max_handshakes = 3\n", process: "loops = 1")
        try tls.python(
            """
            silent = [socket.create_connection(('127.0.0.1', port), 20) for _ in range(3)]
            for peer in silent: peer.sendall(b'\\x16')
            refused(lambda: [ask(client()) for _ in range(100)])
            for peer in silent: peer.close()
            for _ in range(100):
                try:
                    ask(client())
                    break
                except (ssl.SSLError, ConnectionError): pass
            else: raise AssertionError('still refused')
            """)
        #expect(try tls.server.hits("tls.handshakes", of: "echo") > 0)
    }

    @Test func renegotiationIsRefused() throws {
        let tls = try TLSServer()
        let output = try tls.openssl("-tls1_2 -legacy_renegotiation", input: "R\\nhello\\n")
        #expect(output.contains("no renegotiation") || output.contains("RENEGOTIATING"), "\(output)")
        try tls.python("ask(client())")
    }

    @Test func newKeysAreAgreedOnAtAnyTime() throws {
        let tls = try TLSServer()
        try tls.python(
            """
            import subprocess
            peer = subprocess.Popen(['openssl', 's_client', '-connect', f'127.0.0.1:{port}', '-tls1_3'],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            def say(line):
                peer.stdin.write(line + b'\\n')
                peer.stdin.flush()
            def wait(text):
                while True:
                    line = peer.stdout.readline()
                    assert line, 'end'
                    if text in line: return
            # K asks for new keys of both sides, k for those of the client.
            for round in range(50):
                for key in (b'K', b'k'):
                    say(key)
                    wait(b'KEYUPDATE')
                say(b'round %d' % round)
                wait(b'round %d' % round)
            peer.kill()
            peer.wait()
            """)
    }

    /// A peer that asks for much and reads nothing of it costs what its limits say.
    @Test func aPeerThatReadsNothingIsHeldBack() throws {
        let tls = try TLSServer("[limits]\noutput_high_water = \"256KiB\"\n")
        try tls.python(
            """
            peer = client()
            peer.settimeout(1)
            chunk, sent = os.urandom(1 << 16), 0
            try:
                while sent < 1 << 28: sent += peer.send(chunk)
            except (TimeoutError, ssl.SSLWantWriteError): pass
            assert sent < 1 << 27, sent
            ask(client())
            """)
    }

    /// A PROXY header comes before TLS, in plain text.
    @Test func aProxyNamesThePeerFirst() throws {
        let tls = try TLSServer("[access]\nproxies = [\"127.0.0.1\"]\n")
        try tls.python(
            """
            def through(header):
                plain = socket.create_connection(('127.0.0.1', port), 20)
                plain.sendall(header)
                return context().wrap_socket(plain, server_hostname='a.example')
            peer = through(b'PROXY TCP4 192.0.2.7 192.0.2.1 1234 443\\r\\n')
            ask(peer)
            refused(lambda: through(b''))
            """)
        #expect(try tls.server.hits("proxy_header", of: "echo") == 1)
    }

    // MARK: Processes

    /// The keys are in the memory of the process.
    @Test func aCrashEndsTheConnections() throws {
        let tls = try TLSServer()
        tls.server.mayCrash = true
        let peer = try Subprocess("openssl", ["s_client", "-quiet", "-connect", "127.0.0.1:\(tls.port)"])
        try waitUntil("its handshake is over") {
            try tls.server.ask("connections").connections?.rows.first?.connection.security.isEmpty == false
        }
        let host = try tls.server.host
        Glibc.kill(host, SIGKILL)
        try tls.server.waitForHost(after: host)
        try waitUntil("it has ended") { !peer.isRunning }
        try tls.server.waitForLog("tls")
        try tls.python("ask(client())")
    }

    /// It stays where its keys are.
    @Test func aRenewalLeavesTheConnectionsWhereTheyAre() throws {
        let tls = try TLSServer()
        try tls.python(
            """
            import subprocess
            peer = client()
            ask(peer)
            result = subprocess.run([sys.argv[3], 'processes', 'renew', 'shared', '--config', sys.argv[4]], capture_output=True, text=True)
            assert result.returncode == 0 and '0 connections moved, 1 stay' in result.stdout, result.stdout + result.stderr
            ask(peer, os.urandom(100_000))
            ask(client())
            """, BuildFolder.martlet, tls.folder.processFile)
    }

    /// A peer that reads little, and sends while output waits for it, gets every byte once.
    @Test(arguments: ["loops", "workers"]) func whatWaitsIsSentOnce(_ dispatch: String) throws {
        let tls = try TLSServer("[limits]\noutput_high_water = \"64MiB\"\n", keys: "dispatch = \"\(dispatch)\"\n")
        try tls.python(
            """
            import time
            peer = client()
            peer.setblocking(False)
            number, found = 0, 0
            chunk, waiting = b'', 0
            def send(most):
                global number, chunk, waiting
                # OpenSSL wants the same bytes again.
                most = max(most, waiting)
                waiting = 0
                try:
                    while most > 0:
                        if not chunk:
                            # Every eight bytes are different.
                            chunk = b''.join((number + index).to_bytes(8, 'big') for index in range(1_000))
                            number += 1_000
                        sent = peer.send(chunk[:most])
                        chunk, most = chunk[sent:], most - sent
                except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                    waiting = min(most, len(chunk))
                    return False
                return True
            rest = b''
            def receive_some(most):
                global found, rest
                try: part = peer.recv(most)
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError): return False
                assert part, 'end'
                rest += part
                whole = len(rest) // 8
                expected = b''.join((found + index).to_bytes(8, 'big') for index in range(whole))
                assert rest[:whole * 8] == expected, f'wrong bytes after {found * 8}'
                found, rest = found + whole, rest[whole * 8:]
                return True
            # Until both directions are full: output waits in the server.
            quiet = 0
            while quiet < 20:
                if send(1 << 20): quiet = 0
                else:
                    quiet += 1
                    select.select([], [peer], [], 0.02)
            # Now the peer reads little by little, and says something in between.
            for _ in range(3_000):
                for _ in range(4): receive_some(16_384)
                send(8)
            deadline = time.monotonic() + 50
            while found * 8 < number * 8 - len(chunk) - 7:
                assert time.monotonic() < deadline, (found, number)
                if not receive_some(1 << 16): select.select([peer], [], [], 1)
            """)
    }

    /// The first part of a message is in OpenSSL's memory while its peer is held back; the rest comes before it is read.
    @Test func inputThatWaitsForItsTurnIsRead() throws {
        let server = try RunningServer.shout(
            "[limits]\nrequest_rate = 1\nrequest_burst = 1\nrequest_wait = \"0s\"\n[tls]\n\(Certificates.get().identity("a"))"
        )
        try TLSServer.python(
            """
            import re, subprocess
            def hits():
                text = subprocess.run([sys.argv[3], 'metrics', '--config', sys.argv[4]], capture_output=True, text=True).stdout
                return int(re.search('martlet_limit_hits_total.*limit="request_rate"} ([0-9]+)', text)[1])
            # One request a second for this address, so a connection waits until it may ask, unless this machine is too slow.
            waited = 0
            for number in range(100):
                before = hits()
                peer = client()
                peer.sendall(b'first\\n')
                peer.setblocking(False)
                answer = None
                while hits() == before and answer is None:
                    try: answer = peer.recv(6)
                    except ssl.SSLWantReadError: pass
                peer.settimeout(20)
                if answer is not None:
                    assert answer == b'FIRST\\n'
                    continue
                peer.sendall(b'second\\n')
                assert receive(peer, 13) == b'FIRST\\nSECOND\\n'
                waited += 1
                if waited == 3: break
            assert waited == 3
            """, port: server.address(of: "shout").port, [BuildFolder.martlet, server.folder.processFile])
    }

    /// Who is connected already is served while others begin again and again: with an RSA key a handshake takes many times as long as a message.
    @Test(arguments: ["a", "b"]) func aStormOfHandshakesLeavesTimeForOthers(_ name: String) throws {
        let tls = try TLSServer(process: "loops = 1\nworkers = 1", name: name)
        try tls.python(
            """
            import threading, time
            peer = client('\(name).example')
            ask(peer)
            over, made, failures = False, [0] * 4, []
            def storm(number):
                try:
                    while not over:
                        with client('\(name).example') as one: ask(one)
                        made[number] += 1
                except Exception as error: failures.append(error)
            threads = [threading.Thread(target=storm, args=(number,)) for number in range(4)]
            for thread in threads: thread.start()
            waits = []
            # As many messages as it takes for 200 handshakes, and 200 at least.
            while (sum(made) < 200 or len(waits) < 200) and not failures:
                start = time.monotonic()
                ask(peer)
                waits.append(time.monotonic() - start)
            over = True
            for thread in threads: thread.join()
            assert not failures, failures
            # This client has the other core, with four threads that also shake hands.
            assert sorted(waits)[len(waits) // 2] < 0.2, sorted(waits)
            """)
        #expect(try tls.server.counts(of: "echo").limits["tls"] == nil)
    }

    // MARK: Changes

    /// The plugin is swapped again and again, and every byte of the streams is checked. Sessions move in the process, and TLS with them.
    @Test func swapsLoseNothing() throws {
        let tls = try TLSServer()
        let stop = StopSignal()
        let streams = try tls.load(stop)
        let original = try Files.read(tls.folder.file("echo.so"))
        for round in 1...50 * Torture.factor {
            // Another content: a file may have bytes behind its sections.
            try Files.replace(tls.folder.file("echo.so"), with: original + (round % 2 == 0 ? [] : [1]))
            #expect(try tls.server.reload("echo") == .swapped)
        }
        stop.stop()
        let report = try streams.value()
        #expect(report.isClean && report.messages > 0, "\(report.firstFailure ?? "")")
    }

    /// Each reload brings another certificate. No connection ends, and new ones get the new one.
    @Test func changedCertificatesLoseNothing() throws {
        let tls = try TLSServer()
        let stop = StopSignal()
        let streams = try tls.load(stop)
        for round in 1...75 {
            #expect(try tls.change(name: round % 2 == 0 ? "a" : "a2") == .moved)
            if round % 25 == 0 { try tls.python("ask(client())") }
        }
        stop.stop()
        let report = try streams.value()
        #expect(report.isClean && report.messages > 0, "\(report.firstFailure ?? "")")
        #expect(try tls.server.row("echo").generation == 1)
    }
}

extension TLSServer {
    /// Streams whose bytes are checked, until the signal comes.
    fileprivate func load(_ stop: StopSignal) throws -> Background<EchoReport> {
        var load = EchoLoad(address: try TargetAddress("127.0.0.1:\(port)"), ending: .stopped(by: stop))
        load.connections = 8
        load.messageSize = 5_000
        load.depth = 4
        load.tls = try TLSClientSettings(authorities: Certificates.get().file("ca.pem"))
        return try Background { [load] in try load.run() }
    }
}
