# Owns: a cluster under load that is restarted node by node, and what its users noticed of it, as one line of JSON.
# Must never: touch the machine: it runs in a network namespace of its own, whose loopback and sysctl are its own, too.
# Runs as: unshare -rn python3 rolling_restart.py KABAR FOLDER MIGRATE(0|1) SECONDS-OF-DRAIN
import fcntl, json, os, re, signal, socket, struct, subprocess, sys, threading, time

kabar, folder, migrate, drain = sys.argv[1:5]
PORT, NODES = 8889, 3
counts, lock = {}, threading.Lock()
over, all_received = threading.Event(), threading.Event()


def count(what, n=1):
    with lock:
        counts[what] = counts.get(what, 0) + n


def counted(work, *arguments):
    """What no part of the load expects is a failure, not the quiet end of a thread."""
    try:
        work(*arguments)
    except Exception as failure:
        count("%s ended: %r" % (work.__name__, failure))


def prepare_network():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sh", b"lo", 1)  # ifreq with IFF_UP
        fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS
    with open("/proc/sys/net/ipv4/tcp_migrate_req", "w") as setting:
        setting.write(migrate)


class Client:
    """One connection; lines out, JSON in. Events are kept beside the replies."""

    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", PORT), timeout=20)
        self.input, self.events = b"", []

    def send(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def next(self):
        while b"\r\n\r\n" not in self.input:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed")
            self.input += more
        text, self.input = self.input.split(b"\r\n\r\n", 1)
        return json.loads(text)

    def reply(self):
        while True:
            one = self.next()
            if "event" not in one:
                return one
            self.events.append(one)

    def ask(self, line):
        self.send(line)
        return self.reply()


def visit():
    """Short connections, one after the other: none may be refused or closed before its answer."""
    while not over.is_set():
        try:
            client = Client()
            ok = client.ask("ping")["status"] == "OK"
            count("visits" if ok else "visits refused")
            client.send("quit")
            client.socket.close()
        except OSError as failure:
            count("visits failed: %s" % failure)


def send(number, stored):
    """A client that repeats with its tag what was not answered, and goes to another node when its own stops."""
    token, client, n = None, None, 0
    while not over.is_set():
        n += 1
        text = "%d-%d" % (number, n)
        while True:
            try:
                if client is None:
                    client = Client()
                    if token is None:
                        token = client.ask("auth sender%d pw" % number)["tokenid"]
                    else:
                        assert client.ask("resume " + token)["status"] == "OK"
                        count("resumed")
                answer = client.ask("@id=%s send reader %s" % (text, text))
                if answer["status"] == "OK":
                    break
                count("send: " + answer["code"])
                time.sleep(0.05)
            except ConnectionRefusedError:
                count("reconnections refused")
                time.sleep(0.05)
            except OSError:
                client = None
        stored.append(text)


def listen(received):
    """A listener that does what the event `drain` says: another connection first, then the end of this one."""
    def connect(token):
        client = Client()
        reply = client.ask("resume " + token)
        assert reply["status"] == "OK", reply
        assert client.ask("listen")["status"] == "OK"
        return client

    token = Client().ask("auth reader pw")["tokenid"]
    client, go_at, seen = connect(token), None, 0
    client.socket.settimeout(0.05)
    while True:
        if go_at is not None and time.time() >= go_at:
            old, client, go_at = client, connect(token), None
            old.socket.close()
            client.socket.settimeout(0.05)
            count("listener moved in time")
        try:
            event = client.events.pop(0) if client.events else client.next()
        except TimeoutError:
            if all_received.is_set():
                return
            continue
        except OSError:
            count("listener cut off")
            client, go_at = connect(token), None
            client.socket.settimeout(0.05)
            continue
        if event.get("event") == "drain":
            go_at = time.time() + event["reconnect_after_ms"] / 1000
        elif event.get("event") == "message":
            if event["seq"] > seen:
                seen = event["seq"]
                received.append(event["msg"])
            client.send("ack %d" % event["seq"])


def main():
    prepare_network()
    log = open(folder + "/up.log", "w")
    environment = dict(os.environ, KABAR_SCRYPT_LOG2N="2", KABAR_LIMITS="off", KABAR_SHED_AFTER="2000")
    up = subprocess.Popen(
        [kabar, "up", "--nodes", str(NODES), "--port", str(PORT), "--data", folder + "/data", "--no-demo-accounts",
         "--http-port", "0", "--redis-port", "6390", "--threads", "1", "--drain-time", drain],
        stdout=log, stderr=log, env=environment)

    def wait_for(pattern, seconds):
        end = time.time() + seconds
        while time.time() < end and up.poll() is None:
            text = open(folder + "/up.log").read()
            if re.search(pattern, text, re.M):
                return text
            time.sleep(0.05)
        sys.exit("never came: %s\n%s" % (pattern, open(folder + "/up.log").read()))

    try:
        table = wait_for(r"^ready", 60)
        for name in ["reader"] + ["sender%d" % n for n in range(3)]:
            subprocess.run([kabar, "account", "add", name, "--password-stdin", "--redis", "redis://127.0.0.1:6390"],
                           input="pw\n", text=True, check=True, stdout=log, stderr=log, env=environment)
        stored, received = [[] for _ in range(3)], []
        load = [threading.Thread(target=counted, args=(visit,)) for _ in range(4)]
        load += [threading.Thread(target=counted, args=(send, n, stored[n])) for n in range(3)]
        listener = threading.Thread(target=counted, args=(listen, received))
        for thread in load + [listener]:
            thread.daemon = True
            thread.start()
        time.sleep(1)
        up.send_signal(signal.SIGHUP)
        after = wait_for(r"all nodes are restarted", 120)
        time.sleep(1)
        over.set()
        for thread in load:
            thread.join(30)
        end, sent = time.time() + 30, sum(map(len, stored))
        while len(received) < sent and time.time() < end:
            time.sleep(0.05)
        all_received.set()
        listener.join(30)
        pids = re.findall(r"^ +(n\d) +pid (\d+)", table, re.M)
        again = re.findall(r"(n\d) is ready again \(pid (\d+)\)", after)
        print(json.dumps({
            "restarted": sorted(dict(again)), "same pids": len(set(pids) & set(again)), "counts": counts,
            "stored": sent, "received": len(received), "lost": sent - len(set(received) & set(sum(stored, []))),
            "doubled": len(received) - len(set(received)),
            "reordered": sum(
                [m for m in received if m.startswith("%d-" % n)] != stored[n] for n in range(3))}))
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(60)


main()
