import Glibc
import Server
import Testing

/// An authority with certificates for the tests, made by openssl(1) once.
final class Certificates: Sendable {
    private static let made = Result { try Certificates() }
    static func get() throws -> Certificates { try made.get() }

    private let folder: TemporaryFolder

    /// The path of one of the files. Keys are readable for their owner only.
    func file(_ name: String) -> String { "\(folder.path)/\(name)" }

    /// The keys of the table `[tls]` for a certificate.
    func identity(_ name: String) -> String {
        "certificate = \"\(file("\(name).pem"))\"\nkey = \"\(file("\(name).key"))\"\n"
    }

    private init() throws {
        folder = try TemporaryFolder()
        let script = """
            set -eu
            umask 077
            cd '\(folder.path)'
            ec() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
            authority() {
                ec "$1"
                openssl req -x509 -new -key "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" \\
                    -addext 'keyUsage=critical,keyCertSign,cRLSign'
            }
            # signed NAME AUTHORITY EXTENSIONS [OPTIONS]
            signed() {
                openssl req -new -key "$1.key" -out "$1.csr" -subj "/CN=$1"
                echo "$3" >"$1.ext"
                openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -out "$1.pem" -extfile "$1.ext" ${4:--days 30}
            }
            authority ca
            authority other
            ec a && signed a ca 'subjectAltName=DNS:a.example,DNS:*.wild.example,IP:127.0.0.1'
            ec a2 && signed a2 ca 'subjectAltName=DNS:a.example,IP:127.0.0.1'
            openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out b.key
            signed b ca 'subjectAltName=DNS:b.example'
            ec soon && signed soon ca 'subjectAltName=DNS:a.example' '-days 10'
            ec old && signed old ca 'subjectAltName=DNS:a.example' '-days -1'
            ec client && signed client ca 'subjectAltName=email:client@a.example,URI:spiffe://a.example/client'
            ec foreign && signed foreign other 'subjectAltName=email:foreign@a.example'
            ec revoked && signed revoked ca 'subjectAltName=email:revoked@a.example'
            : >index.txt
            printf '[ca]\\ndefault_ca=own\\n[own]\\ndatabase=index.txt\\ndefault_md=sha256\\n' >ca.cnf
            openssl ca -config ca.cnf -revoke revoked.pem -keyfile ca.key -cert ca.pem
            openssl ca -config ca.cnf -gencrl -crldays 30 -keyfile ca.key -cert ca.pem -out crl.pem
            { cat crl.pem; sed '3s/..../!!!!/' crl.pem; } >damaged.crl
            openssl ca -config ca.cnf -valid a.pem -keyfile ca.key -cert ca.pem
            openssl ocsp -issuer ca.pem -cert a.pem -reqout a.request
            openssl ocsp -index index.txt -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin a.request -respout a.ocsp -ndays 5
            # All its times are long past.
            LC_ALL=C sed 's/\\x18\\x0f20[0-9][0-9]/\\x18\\x0f2001/g' a.ocsp >old.ocsp
            openssl pkey -in a.key -aes256 -passout pass:secret -out encrypted.key
            cp a.key open.key && chmod 644 open.key
            echo nonsense >nonsense.pem
            head -c 48 /dev/urandom >ticket.key
            head -c 16 /dev/urandom >short.key
            """
        let result = try Subprocess.run("sh", ["-c", script])
        guard result.status == 0 else { throw Failure("openssl: \(result.errors)") }
        // Thirty days less some seconds are 29.
        let end = time(nil) + 1
        try waitUntil("a second has passed") { time(nil) > end }
    }
}

/// A server with an echo listener with TLS, and its clients.
final class TLSServer {
    let folder: ServerFolder
    private(set) var server: RunningServer
    let port: UInt16

    /// - Parameters:
    ///   - table: more of the table `[tls]`, and tables after it.
    ///   - keys: lines before it.
    ///   - name: of the certificate.
    init(_ table: String = "", keys: String = "", process: String = "", name: String = "a") throws {
        folder = try ServerFolder(process: process)
        port = try freePort()
        try folder.installEcho(on: ["127.0.0.1:\(port)"], try Self.text(table, keys, name))
        server = try RunningServer(folder)
    }

    /// Writes another file for the same port, and reloads.
    func change(_ table: String = "", name: String = "a") throws -> Receipt.Outcome? {
        try folder.listen("echo", plugin: "echo.so", on: ["127.0.0.1:\(port)"], try Self.text(table, "", name))
        return try server.reload("echo")
    }

    func restart() throws {
        #expect(try server.stop() == 0)
        server = try RunningServer(folder)
    }

    private static func text(_ table: String, _ keys: String, _ name: String) throws -> String {
        "\(keys)\n[tls]\n\(try Certificates.get().identity(name))\(table)\n"
    }

    /// A line of Python that finds the packages of scripts/install-packages that Debian does not have.
    static let moreModules = "import sys; sys.path.append('\(BuildFolder.package)/.build/python')\n"

    func python(_ script: String, _ more: String...) throws { try Self.python(script, port: port, more) }

    /// Runs Python, with `port`, `files`, `client` and `ask` defined. Fails if it prints anything or does not end with 0.
    static func python(_ script: String, port: UInt16, _ more: [String] = []) throws {
        let files = try Certificates.get().file("")
        let prelude = """
            import os, select, socket, ssl, sys
            port, files = int(sys.argv[1]), sys.argv[2]

            def context(certificate=None, version=None, protocols=()):
                made = ssl.create_default_context(cafile=files + 'ca.pem')
                if version: made.minimum_version = made.maximum_version = version
                if certificate: made.load_cert_chain(files + certificate + '.pem', files + certificate + '.key')
                if protocols: made.set_alpn_protocols(list(protocols))
                return made

            def client(name='a.example', made=None, session=None, **more):
                plain = socket.create_connection(('127.0.0.1', port), 20)
                return (made or context(**more)).wrap_socket(plain, server_hostname=name, session=session)

            def refused(step):
                try:
                    step()
                except (ssl.SSLError, ConnectionError) as error:
                    return str(error)
                raise AssertionError('not refused')

            def receive(peer, count):
                parts = b''
                while len(parts) < count:
                    part = peer.recv(count - len(parts))
                    assert part, f'end after {len(parts)} of {count} bytes'
                    parts += part
                return parts

            def ask(peer, data=b'hello'):
                peer.sendall(data)
                found = receive(peer, len(data))
                assert found == data, found

            """
        let result = try Subprocess.run("/usr/bin/python3", ["-c", prelude + script, "\(port)", files] + more)
        #expect(result.status == 0 && result.output == "" && result.errors == "", "\(result.output)\(result.errors)")
    }

    /// What openssl(1) says, with this on its standard input.
    func openssl(_ arguments: String, input: String = "") throws -> String {
        let result = try Subprocess.run(
            "sh",
            ["-c", "printf '\(input)' | timeout 20 openssl s_client -connect 127.0.0.1:\(port) \(arguments) 2>&1"])
        return result.output
    }
}
