"""What an operator sees at /cluster, in a real browser."""
import json
import os
import signal
import unittest
import urllib.error
import urllib.request

from browser import Browser
from cluster import Cluster, eventually


class ClusterViewTests(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(nodes=2)
        self.addCleanup(self.cluster.stop)
        self.address = f"http://127.0.0.1:{self.cluster.http_port}"

    def test_nodes_redis_and_warnings(self):
        with urllib.request.urlopen(f"{self.address}/cluster.json") as response:
            report = json.load(response)
        self.assertEqual((report["ok"], report["warnings"], len(report["status"]["nodes"])), (True, [], 2))
        operator = Browser(f"{self.address}/cluster", width=320, height=600)
        self.addCleanup(operator.close)
        eventually(lambda: len(operator.all(".node")) == 2, why="the nodes are not shown")
        self.assertEqual(operator.all("#warnings li"), [])
        self.assertIn("append-only, synced everysec", operator.text("#redis"))
        self.assertEqual(operator.overflow(), 0)
        self.assertEqual(operator.axe(), [])
        operator.prefer("dark")
        self.assertEqual(operator.axe(), [])
        # Frozen, so that its lease ends and nobody restarts it. The other one, whose page this is, says so.
        nodes = self.cluster.redis("ZRANGE", "kabar:nodes", "0", "-1")
        other = next(node for node in nodes if node.startswith("n2"))
        pid = self.cluster.pid_of(other)
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        eventually(lambda: f"the lease of {other}" in operator.text("#warnings"), why="no warning")
        self.assertEqual(operator.problems(), [])

    def test_messages_are_counted_and_a_redis_that_is_away_is_said(self):
        operator = Browser(f"{self.address}/cluster")
        self.addCleanup(operator.close)
        eventually(lambda: len(operator.all("svg polyline")) == 2, why="no sparkline")
        redis = self.cluster.redis_pid()
        os.kill(redis, signal.SIGSTOP)
        eventually(lambda: "not up to date" in operator.text("#state"), why="the view does not say that it is old")
        with self.assertRaises(urllib.error.HTTPError) as failure:
            urllib.request.urlopen(f"{self.address}/cluster.json")
        self.assertEqual(failure.exception.code, 503)
        self.assertIn("Redis could not be asked", failure.exception.read().decode())
        os.kill(redis, signal.SIGCONT)
        eventually(lambda: "nodes at" in operator.text("#state"), why="the view does not come back")


if __name__ == "__main__":
    unittest.main()
