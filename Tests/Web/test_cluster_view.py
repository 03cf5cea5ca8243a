"""What an operator sees at /cluster, in a real browser."""
import json
import os
import signal
import socket
import unittest
import urllib.error
import urllib.request

from browser import Browser
from cluster import ARINI, Cluster, eventually


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
        with socket.create_connection(("127.0.0.1", self.cluster.port), 10) as arini:
            arini.sendall(f"auth {' '.join(ARINI)}\r\n".encode())
            arini.recv(1000)

            def busy():
                """The row of the node that has something to do."""
                arini.sendall(b"send lineker halo\r\n")
                arini.recv(1000)
                rows = operator.driver.execute_script("""
                    return [...document.querySelectorAll(".node")].map(node =>
                      Object.fromEntries([...node.querySelectorAll("li")].map(row => [...row.children].map(cell => cell.textContent))))""")
                self.assertLessEqual(len(rows), 2)
                return next((row for row in rows if float(row["messages/s"]) > 0 and row["connections"] == "1"), None)

            row = eventually(busy, why="no messages are counted")
            self.assertRegex(row["lease"], r"^\d(\.\d)? s$")
            self.assertRegex(row["up"], r"^\d+ s$")
            self.assertEqual(row["active users"], "1")
            # At once: the next look draws them anew.
            points = lambda: [line.split() for line in operator.driver.execute_script(
                "return [...document.querySelectorAll('polyline')].map(line => line.getAttribute('points'))")]
            eventually(lambda: len(points()) == 2 and all(len(line) > 1 for line in points()), why="no sparkline")
            # A line that is not flat.
            eventually(lambda: any(len({point.split(",")[1] for point in line}) > 1 for line in points()), why="the sparkline is flat")
        redis = self.cluster.redis_pid()
        os.kill(redis, signal.SIGSTOP)
        eventually(lambda: "not up to date" in operator.text("#problem"), why="the view does not say that it is old")
        with self.assertRaises(urllib.error.HTTPError) as failure:
            urllib.request.urlopen(f"{self.address}/cluster.json")
        self.assertEqual(failure.exception.code, 503)
        self.assertIn("Redis could not be asked", failure.exception.read().decode())
        os.kill(redis, signal.SIGCONT)
        eventually(lambda: not operator.text("#problem"), why="the view does not come back")
        self.assertIn("nodes at", operator.text("#state"))
        # A screen reader is told of what goes wrong, and not of every look.
        self.assertEqual([part.get_attribute("id") for part in operator.all("[role=status], [role=alert], [aria-live]")], ["problem"])


if __name__ == "__main__":
    unittest.main()
