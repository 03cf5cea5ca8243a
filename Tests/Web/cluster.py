"""A cluster of its own for the tests of the web: `kabar up` in a temporary folder.

Never touches a process that it did not start.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KABAR = os.environ.get("KABAR_TEST_PROGRAM", str(ROOT / ".build/debug/kabar"))
# Name and password of the demo accounts that the tests use.
ARINI, LINEKER, MESSI = ("arini", "hehe"), ("lineker", "surabaya"), ("messi", "surabaya")


def free_port():
    """A port of 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds=20, why="did not come true"):
    """Waits until a condition gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(why)
        time.sleep(0.05)


class Cluster:
    """Redis and some nodes; ended by `stop`."""

    def __init__(self, nodes=2, **environment):
        self.folder = tempfile.TemporaryDirectory(prefix="kabar-web")
        self.port, self.web_port = free_port(), free_port()
        self.log_path = f"{self.folder.name}/log"
        variables = {"KABAR_SCRYPT_LOG2N": "4", "KABAR_SHED_AFTER": "0", "KABAR_DRAIN_TIME": "2", "KABAR_THREADS": "1"}
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [KABAR, "up", "--nodes", f"{nodes}", "--port", f"{self.port}", "--web-port", f"{self.web_port}",
                 "--data", f"{self.folder.name}/data"],
                env=os.environ | variables | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        eventually(lambda: "\nready: " in self.log() or self.process.poll() is not None, 60, "the cluster is not ready")
        if self.process.poll() is not None:
            raise AssertionError(self.log())
        self.redis_port = int(re.search(r"redis-cli -p (\d+)", self.log()).group(1))
        self.page = re.search(r"https?://\S+:\d+/(?=\n)", self.log()).group(0)
        self.http_port = int(re.search(r"curl http://127.0.0.1:(\d+)/metrics", self.log()).group(1))

    def log(self):
        """What `kabar up` and its children have written."""
        return pathlib.Path(self.log_path).read_text()

    def redis(self, *words):
        """The reply of Redis, line by line; nothing while it is away."""
        done = subprocess.run(["redis-cli", "-p", f"{self.redis_port}", *words], capture_output=True, text=True)
        return done.stdout.split("\n")[:-1]

    def node_of(self, user):
        """The id of the node that this user is active on; `None` if there is none, or more than one."""
        found = [node for node in self.redis("ZRANGE", "kabar:nodes", "0", "-1")
                 if user in self.redis("HKEYS", f"kabar:node:{node}:users")]
        return found[0] if len(found) == 1 else None

    def pid_of(self, node):
        """The process of a node."""
        return int(self.redis("HGET", f"kabar:node:{node}", "pid")[0])

    def pids(self):
        """The processes of the nodes that are there."""
        nodes = self.redis("ZRANGE", "kabar:nodes", "0", "-1")
        return {int(pid) for node in nodes for pid in self.redis("HGET", f"kabar:node:{node}", "pid") if pid}

    def metrics(self):
        """What the first node counts, by metric with its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics") as response:
            lines = [line for line in response.read().decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    def redis_pid(self):
        """The process of Redis."""
        return next(int(line.split(":")[1]) for line in self.redis("INFO", "server") if line.startswith("process_id:"))

    def stop(self):
        """Ends everything."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()
