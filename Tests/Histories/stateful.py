"""Random commands on several connections, with kills of the host in between, against a model.

usage: stateful.py MARTLET CONFIG SEED SECONDS PORT
"""

import re
import sys
import time

import hypothesis
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from model import agree, apply
from server import Client, Lost, Server


class Large(bytes):
    def __repr__(self):
        return f"Large({len(self)} bytes)"


KEYS = [b"a", b"b", b"\x00\xff", b"n", b"k" * 300]
CLIENTS = 3
counts = {"runs": 0, "commands": 0, "transactions": 0, "aborts": 0, "kills": 0, "open": 0}

keys = st.sampled_from(KEYS)
values = st.one_of(
    st.binary(max_size=20), st.integers(-(2**63), 2**63 - 1).map(lambda n: str(n).encode()), st.just(Large(b"x" * 100_000)))
pairs = st.lists(st.tuples(keys, values), min_size=1, max_size=4).map(lambda found: [w for pair in found for w in pair])
some_keys = st.lists(keys, min_size=1, max_size=4)
commands = st.one_of(
    st.tuples(st.sampled_from(["GET", "STRLEN", "GETDEL", "PERSIST"]), keys),
    st.tuples(st.just("SET"), keys, values),
    st.tuples(st.just("SET"), keys, values, st.sampled_from(["NX", "XX", "KEEPTTL"])),
    st.tuples(st.just("SET"), keys, values, st.just("PX"), st.just(10_000_000)),
    st.tuples(st.just("GETSET"), keys, values),
    st.tuples(st.just("APPEND"), keys, st.binary(min_size=1, max_size=20)),
    st.tuples(st.just("INCRBY"), keys, st.integers(-5, 2**62)),
    st.tuples(st.just("EXPIRE"), keys, st.integers(10_000, 20_000)),
    st.just(("DBSIZE",)),
    st.builds(lambda name, words: (name, *words), st.sampled_from(["MGET", "EXISTS", "DEL"]), some_keys),
    st.builds(lambda name, words: (name, *words), st.sampled_from(["MSET", "MSETNX"]), pairs))
clients = st.integers(0, CLIENTS - 1)


def short(value):
    return re.sub(r"x{100,}", "x…", str(value))[:1_000]


class Keys(RuleBasedStateMachine):
    server = None
    # When no kills are worth their time any more.
    end = 0

    @initialize()
    def begin(self):
        counts["runs"] += 1
        self.clients = [Client(self.server) for _ in range(CLIENTS)]
        assert self.clients[0].ask("FLUSHDB") == b"OK"
        self.state = {}
        # How often each key was written.
        self.writes = dict.fromkeys(KEYS, 0)
        # Of each client: what it watches, as it was then.
        self.watched = [{} for _ in range(CLIENTS)]

    def check(self, found, expected, words):
        assert agree(found, expected), f"{short(words)}: found {short(found)}, expected {short(expected)}"

    def run(self, words):
        """On the model."""
        expected, written = apply(self.state, *words)
        for key in written:
            self.writes[key] += 1
        return expected

    @rule(client=clients, words=commands)
    def command(self, client, words):
        counts["commands"] += 1
        self.check(self.clients[client].ask(*words), self.run(words), words)

    @rule(client=clients, batch=st.lists(commands, min_size=2, max_size=8))
    def pipeline(self, client, batch):
        for words in batch:
            self.clients[client].send(*words)
        for words in batch:
            counts["commands"] += 1
            self.check(self.clients[client].receive(), self.run(words), words)

    @rule(client=clients, names=some_keys)
    def watch(self, client, names):
        assert self.clients[client].ask("WATCH", *names) == b"OK"
        for name in names:
            self.watched[client].setdefault(name, (self.writes[name], name in self.state))

    @rule(client=clients)
    def unwatch(self, client):
        assert self.clients[client].ask("UNWATCH") == b"OK"
        self.watched[client] = {}

    @rule(client=clients, batch=st.lists(commands, max_size=6))
    def transaction(self, client, batch):
        counts["transactions"] += 1
        changed = [name for name, (writes, _) in self.watched[client].items() if writes != self.writes[name]]
        # A key that was not there, and is not there again, may count as unchanged.
        is_sure = any(self.watched[client][name][1] or name in self.state for name in changed)
        self.watched[client] = {}
        found = self.exchange(client, batch)
        if found is None:
            assert changed, "EXEC was refused, but no watched key was written"
            counts["aborts"] += 1
            return
        assert not is_sure, f"EXEC was done, but {changed} were written"
        self.check(found, [self.run(words) for words in batch], batch)

    def exchange(self, client, batch):
        client = self.clients[client]
        for words in [("MULTI",), *batch, ("EXEC",)]:
            client.send(*words)
        assert client.receive() == b"OK"
        for _ in batch:
            assert client.receive() == b"QUEUED"
        return client.receive()

    @rule(client=clients, batch=st.lists(commands, min_size=1, max_size=4), is_killed=st.integers(0, 3), delay=st.integers(0, 20))
    def kill(self, client, batch, is_killed, delay):
        """The host dies while it runs a transaction, which is done as a whole or not at all."""
        if is_killed != 3 or time.monotonic() > self.end:
            return
        counts["kills"] += 1
        before = dict(self.state)
        host = self.server.host()
        try:
            for words in [("MULTI",), *batch, ("EXEC",)]:
                self.clients[client].send(*words)
            # The moment decides how far the transaction gets.
            time.sleep(delay / 10_000)
            self.server.kill_host(host)
            for _ in [0, *batch]:
                self.clients[client].receive()
            found = self.clients[client].receive()
            if found is None:
                assert self.watched[client]
            else:
                self.check(found, [self.run(words) for words in batch], batch)
        except Lost:
            counts["open"] += 1
            for words in batch:
                self.run(words)
        for other in self.clients:
            other.close()
        self.watched = [{} for _ in range(CLIENTS)]
        now = self.look()
        assert now in (before, self.state), f"found {short(now)}, expected {short(before)} or {short(self.state)}"
        self.state = now

    def look(self):
        """All keys at one moment."""
        assert self.clients[0].ask("UNWATCH") == b"OK"
        self.watched[0] = {}
        words = [(name, key) for key in KEYS for name in ("GET", "PTTL")]
        found = self.exchange(0, words)
        return {
            key: (found[2 * i], found[2 * i + 1] >= 0) for i, key in enumerate(KEYS) if found[2 * i] is not None}

    def teardown(self):
        if hasattr(self, "clients"):
            now = self.look()
            assert now == self.state, f"found {short(now)}, expected {short(self.state)}"
            for client in self.clients:
                client.close()


def main():
    martlet, config, seed, seconds, port = sys.argv[1:]
    Keys.server = Server(martlet, config, int(port))
    Keys.end = time.monotonic() + float(seconds)
    seed = int(seed)
    while time.monotonic() < Keys.end:
        print(f"seed {seed}", flush=True)
        hypothesis.seed(seed)(Keys)
        run_state_machine_as_test(
            Keys,
            settings=settings(
                max_examples=25, stateful_step_count=40, deadline=None, database=None, print_blob=True,
                suppress_health_check=list(HealthCheck)))
        seed += 1
    assert counts["transactions"] > 0 and counts["commands"] > 0
    print(counts)


main()
