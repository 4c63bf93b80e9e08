"""The server under test, as its clients see it, and how to kill its host."""

import json
import os
import signal
import subprocess
import time

import redis
from redis.connection import Connection


class Lost(Exception):
    """The connection has ended before the reply."""


class Server:
    def __init__(self, martlet, config, port):
        self.martlet, self.config, self.port = martlet, config, port

    def host(self):
        text = subprocess.run(
            [self.martlet, "processes", "--json", "--config", self.config],
            capture_output=True, check=True).stdout
        return next((p["pid"] for p in json.loads(text) if p["name"] == "shared"), None)

    def kill_host(self, old=None):
        """Returns when another host runs."""
        old = old or self.host()
        os.kill(old, signal.SIGKILL)
        end = time.monotonic() + 60
        while self.host() in (old, None):
            assert time.monotonic() < end, "no other host runs"
            time.sleep(0.01)


class Client:
    """One connection, which is made again when it is lost."""

    def __init__(self, server):
        self.server, self.connection = server, None

    def send(self, *words):
        if self.connection is None:
            self.connection = Connection(port=self.server.port, socket_timeout=60)
        try:
            self.connection.send_command(*words)
        except (redis.ConnectionError, OSError):
            self.close()
            raise Lost() from None

    def receive(self):
        """An error is returned, as within the array of EXEC."""
        try:
            return self.connection.read_response()
        except redis.ResponseError as error:
            return error
        except (redis.ConnectionError, OSError):
            self.close()
            raise Lost() from None

    def ask(self, *words):
        self.send(*words)
        return self.receive()

    def close(self):
        if self.connection is not None:
            self.connection.disconnect()
        self.connection = None
