import Glibc
import Testing

/// The RESP plugin in the real server, with the clients that people use.
@Suite struct RESPClientTests {
    private func serve(_ folder: ServerFolder, version: Int = 0, _ options: String = "") throws {
        try folder.install("RESPPlugin", version: version)
        try folder.listen("resp", plugin: "RESPPlugin.so", "[limits]\nmax_input = \"2MiB\"\n[options]\n\(options)")
    }

    private func start(_ options: String = "") throws -> RunningServer {
        let folder = try ServerFolder()
        try serve(folder, options)
        return try RunningServer(folder)
    }

    @Test(.enabled(if: Programs.has("redis-cli"), "redis-cli is not installed"))
    func answersRedisCLI() throws {
        let server = try start()
        let port = "\(try server.address(of: "resp").port)"
        func ask(_ words: String...) throws -> String {
            let result = try Subprocess.run("redis-cli", ["-p", port, "--no-raw"] + words)
            #expect(result.errors == "")
            return result.output
        }
        #expect(try ask("ping") == "PONG\n")
        #expect(try ask("set", "key", "a value", "EX", "100") == "OK\n")
        #expect(try ask("get", "key") == "\"a value\"\n")
        let left = try #require(Int(try ask("ttl", "key").dropFirst("(integer) ".count).dropLast()))
        #expect((60...100).contains(left), "seconds have passed since")
        #expect(try ask("-3", "get", "nothing") == "(nil)\n")
        #expect(try ask("mget", "key", "nothing") == "1) \"a value\"\n2) (nil)\n")
        #expect(try ask("incr", "key").hasPrefix("(error) ERR value is not an integer"))
        #expect(try ask("--scan") == "\"key\"\n")
        #expect(try ask("-3", "config", "get", "save") == "1# \"save\" => \"\"\n")
        #expect(try ask("info", "keyspace").contains("db0:keys=1,expires=1"))
    }

    @Test(.enabled(if: Programs.has("redis-benchmark"), "redis-benchmark is not installed"))
    func standsRedisBenchmark() throws {
        let server = try start()
        let port = "\(try server.address(of: "resp").port)"
        for depth in ["1", "16"] {
            let result = try Subprocess.run(
                "redis-benchmark",
                ["-p", port, "-n", "5000", "-c", "20", "-P", depth, "-r", "1000", "-q", "-t", "ping,set,get,incr,mset"])
            #expect(result.status == 0)
            #expect(!result.output.contains("rror") && result.errors == "", "\(result.output)\(result.errors)")
        }
    }

    static let hasRedisPy = (try? Subprocess.run("/usr/bin/python3", ["-c", "import redis"]).status) == 0

    @Test(.enabled(if: hasRedisPy, "python3-redis is not installed"))
    func answersRedisPy() throws {
        let server = try start()
        try run(
            """
            assert r.set('a', 'x', ex=100) and r.get('a') == b'x' and 0 < r.ttl('a') <= 100
            assert r.set('a', 'y', nx=True) is None and r.getset('a', 'z') == b'x'
            assert r.mset({'b': 1, 'c': 2}) and r.mget('a', 'b', 'c', 'd') == [b'z', b'1', b'2', None]
            assert r.incr('b', 41) == 42 and abs(r.incrbyfloat('f', 0.1) - 0.1) < 1e-9
            big = bytes(range(256)) * 4000
            assert r.set('big', big) and r.get('big') == big and r.strlen('big') == len(big)
            names = {f'key:{i}' for i in range(3000)}
            pipe = r.pipeline(transaction=False)
            for name in names: pipe.set(name, name)
            assert all(pipe.execute())
            assert {n.decode() for n in r.scan_iter(match='key:*', count=100)} == names
            with r.pipeline() as pipe:
                pipe.watch('b')
                value = int(pipe.get('b'))
                pipe.multi()
                pipe.set('b', value + 1)
                assert pipe.execute() == [True]
            other = redis.Redis(port=port)
            with r.pipeline() as pipe:
                pipe.watch('b')
                other.set('b', 'other')
                pipe.multi()
                pipe.set('b', 'mine')
                try:
                    pipe.execute()
                    assert False
                except redis.WatchError: pass
            sub = r.pubsub()
            sub.subscribe('news')
            sub.psubscribe('n*')
            assert [sub.get_message(timeout=10)['type'] for _ in range(2)] == ['subscribe', 'psubscribe']
            assert other.publish('news', 'hello') == 2
            got = sorted((m['type'], m['data']) for m in (sub.get_message(timeout=10) for _ in range(2)))
            assert got == [('message', b'hello'), ('pmessage', b'hello')], got
            assert r.pubsub_numsub('news') == [(b'news', 1)]
            assert r.info()['redis_version'] == '7.0.0' and r.client_setname('me') and r.client_getname() == 'me'
            assert r.dbsize() > 3000 and r.flushdb() and r.dbsize() == 0
            """, server)
    }

    /// Keys, transactions and subscriptions go on while the plugin is replaced under load.
    @Test(.enabled(if: hasRedisPy, "python3-redis is not installed"))
    func aSwapLosesNothing() throws {
        let server = try start()
        let port = try server.address(of: "resp").port
        let load = try Background {
            try Subprocess.run(
                "/usr/bin/python3",
                [
                    "-c",
                    """
                    import redis
                    r = redis.Redis(port=\(port), single_connection_client=True)
                    other = redis.Redis(port=\(port), single_connection_client=True)
                    sub = redis.Redis(port=\(port)).pubsub()
                    sub.subscribe('news')
                    assert sub.get_message(timeout=10)['type'] == 'subscribe'
                    n = 0
                    while not r.exists('stop'):
                        n += 1
                        assert r.incr('counter') == n
                        with other.pipeline() as pipe:
                            pipe.set(f'key:{n}', n, ex=1000)
                            pipe.get(f'key:{n}')
                            assert pipe.execute() == [True, str(n).encode()]
                        assert r.publish('news', str(n)) == 1
                        assert sub.get_message(timeout=10)['data'] == str(n).encode()
                    assert int(r.get('counter')) == n and r.dbsize() == n + 2, (r.dbsize(), n)
                    assert all(0 < r.ttl(f'key:{i}') <= 1000 for i in range(1, n + 1))
                    print(n)
                    """,
                ])
        }
        for version in 1...20 {
            try serve(server.folder, version: version)
            #expect(try server.reload("resp") == .swapped)
        }
        let stop = try Peer(try server.address(of: "resp"))
        try stop.send("SET stop 1\r\n")
        #expect(try stop.receiveLine() == "+OK\r")
        let result = try load.value()
        #expect(result.status == 0, "\(result.errors)")
        print("\(result.output) rounds during 20 swaps")
    }

    private func run(_ script: String, _ server: RunningServer) throws {
        let port = try server.address(of: "resp").port
        let head = "import redis\nport = \(port)\nr = redis.Redis(port=port)\n"
        let result = try Subprocess.run("/usr/bin/python3", ["-c", head + script])
        #expect(result.status == 0, "\(result.errors)")
    }
}
