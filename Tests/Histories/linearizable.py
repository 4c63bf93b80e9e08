"""Concurrent histories on a few keys: is there an order of the operations, each between its beginning and its end, in which each finds
what the one before it left? Several servers may share the database.

usage: linearizable.py MARTLET CONFIG SEED SECONDS PORT...
"""

import random
import sys
import threading
import time
from dataclasses import dataclass

from server import Client, Lost, Server

NEVER = float("inf")


@dataclass
class Operation:
    """read: found; write: new; cas: old, new (it was done)."""

    kind: str
    begin: float
    end: float
    old: object = None
    new: object = None


def is_linearizable(history, value=None):
    """The search of Wing and Gong, which remembers where it was (Lowe). An operation that never ended may have been done, at any time
    after its beginning, or not at all."""
    history = sorted(history, key=lambda one: one.begin)
    needed = sum(1 << i for i, one in enumerate(history) if one.end != NEVER)
    pending = [(0, value)]
    seen = set(pending)
    while pending:
        done, value = pending.pop()
        if done & needed == needed:
            return True
        # What begins after another one has ended comes after it.
        first_end, candidates = NEVER, []
        for i, one in enumerate(history):
            if one.begin > first_end:
                break
            if done >> i & 1:
                continue
            candidates.append(i)
            first_end = min(first_end, one.end)
        for i in candidates:
            one = history[i]
            if one.begin > first_end:
                continue
            if one.kind in ("read", "cas") and one.old != value:
                continue
            step = (done | 1 << i, value if one.kind == "read" else one.new)
            if step not in seen:
                seen.add(step)
                pending.append(step)
    return False


def check_the_checker():
    read = lambda begin, end, old: Operation("read", begin, end, old=old)
    write = lambda begin, end, new: Operation("write", begin, end, new=new)
    cas = lambda begin, end, old, new: Operation("cas", begin, end, old=old, new=new)
    assert is_linearizable([write(0, 1, 1), read(2, 3, 1)])
    assert is_linearizable([write(0, 3, 1), read(1, 2, None), read(1, 2, 1)])
    assert not is_linearizable([write(0, 1, 1), read(2, 3, None)]), "a stale read"
    assert not is_linearizable([write(0, 3, 1), read(1, 1.4, 1), read(1.6, 2, None)]), "it goes back"
    assert not is_linearizable([write(0, 1, 1), cas(2, 4, 1, 2), cas(2, 4, 1, 3)]), "a lost update"
    assert is_linearizable([write(0, 1, 1), cas(2, 4, 1, 2), cas(2, 4, 2, 3)])
    assert is_linearizable([write(0, NEVER, 1), read(2, 3, 1)])
    assert is_linearizable([write(0, NEVER, 1), read(2, 3, None), read(5, 6, 1)])
    assert not is_linearizable([write(0, NEVER, 1), read(2, 3, 1), read(5, 6, None)]), "done, and undone"


def one_client(server, seed, names, end, histories, failures):
    """Reads, writes, and changes what it has read if nobody else has changed it."""
    generator = random.Random(seed)
    client = Client(server)
    number = 0

    def run(kind, name, words, is_done=lambda reply: True, **more):
        operation = Operation(kind, time.monotonic(), NEVER, **more)
        try:
            for some in words:
                client.send(*some)
            reply = [client.receive() for _ in words][-1]
        except Lost:
            if kind != "read":
                histories[name].append(operation)
            raise
        operation.end = time.monotonic()
        if isinstance(reply, Exception):
            # Transactions that wait for each other: nothing was done.
            assert "busy" in str(reply), reply
            return None
        if kind == "read":
            operation.old = None if reply is None else int(reply)
        if is_done(reply):
            # list.append is atomic.
            histories[name].append(operation)
        return operation.old

    try:
        while time.monotonic() < end:
            name = generator.choice(names)
            number += 1
            new = seed * 1_000_000 + number
            try:
                kind = generator.random()
                if kind < 0.3:
                    run("read", name, [("GET", name)])
                elif kind < 0.5:
                    run("write", name, [("SET", name, new)], new=new)
                else:
                    client.ask("WATCH", name)
                    old = run("read", name, [("GET", name)])
                    if old is None:
                        run("cas", name, [("MULTI",), ("SET", name, new, "NX"), ("EXEC",)],
                            lambda reply: reply is not None and reply[0] is not None, old=None, new=new)
                    else:
                        run("cas", name, [("MULTI",), ("SET", name, new), ("EXEC",)],
                            lambda reply: reply is not None, old=old, new=new)
            except Lost:
                continue
    except BaseException as failure:
        failures.append(failure)
    finally:
        client.close()


def one_history(servers, seed, with_kill):
    generator = random.Random(seed)
    names = [f"{seed}:{i}" for i in range(3)]
    histories = {name: [] for name in names}
    failures = []
    end = time.monotonic() + (1.5 if with_kill else 0.5)
    threads = [
        threading.Thread(
            target=one_client, args=(servers[i % len(servers)], 100 * seed % 10**9 + i, names, end, histories, failures))
        for i in range(6)]
    for thread in threads:
        thread.start()
    if with_kill:
        time.sleep(generator.uniform(0.05, 0.3))
        generator.choice(servers).kill_host()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    for name, history in histories.items():
        assert is_linearizable(history), f"seed {seed}: not linearizable: {name}: {history}"
    return sum(map(len, histories.values())), sum(one.end == NEVER for h in histories.values() for one in h)


def main():
    martlet, configs, seed, seconds, *ports = sys.argv[1:]
    check_the_checker()
    servers = [Server(martlet, config, int(port)) for config, port in zip(configs.split(","), ports)]
    end = time.monotonic() + float(seconds)
    seed, rounds, operations, kills, unknown = int(seed), 0, 0, 0, 0
    while time.monotonic() < end:
        print(f"seed {seed}", flush=True)
        with_kill = rounds % 4 == 2
        found = one_history(servers, seed, with_kill)
        operations, unknown = operations + found[0], unknown + found[1]
        kills += with_kill
        rounds, seed = rounds + 1, seed + 1
    assert operations > 0
    print(f"{rounds} histories, {operations} operations, {kills} kills, {unknown} of unknown outcome")


main()
