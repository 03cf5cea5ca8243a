"""What people meet on the page, in a real browser (Debian's chromium), while nodes and Redis are killed under them."""
import json
import os
import signal
import socket
import time
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import Browser
from cluster import ARINI, LINEKER, MESSI, Cluster, eventually


def setUpModule():
    PeopleTestCase.cluster = Cluster(nodes=2, KABAR_PRESENCE_GRACE="1")


def tearDownModule():
    PeopleTestCase.cluster.stop()


class PeopleTestCase(unittest.TestCase):
    """What all tests of the page do, in the same cluster."""

    def setUp(self):
        for who in (ARINI, LINEKER):
            self.say("inbox\r\nping", who)

    def browser(self, who=None, **options):
        """A window; signed in and connected if it is somebody's."""
        browser = Browser(self.cluster.page, **options)
        self.addCleanup(browser.close)
        if who:
            browser.sign_in(*who)
            browser.await_online()
        return browser

    def pair(self):
        """Arini and Lineker, on two nodes, each with the other's conversation open."""
        arini, lineker = self.browser(ARINI), self.browser(LINEKER)
        for _ in range(40):
            nodes = [eventually(lambda: self.cluster.node_of(user)) for user in ("arini", "lineker")]
            if nodes[0] != nodes[1]:
                break
            # The kernel picks a listener by the connection's port. Who has left a node is counted there for another second.
            lineker.driver.refresh()
            lineker.await_online()
            time.sleep(1.2)
        self.assertNotEqual(*nodes)
        arini.open("lineker")
        lineker.open("arini")
        return arini, lineker

    def break_at(self, browser, start, is_sent):
        """The next line that begins so is the last of its connection: sent without an answer, or not even sent."""
        browser.driver.execute_script("""
            const [start, isSent] = arguments;
            const { prototype } = WebSocket;
            const { send } = prototype;
            prototype.send = function (line) {
              if (!line.startsWith(start)) return send.call(this, line);
              prototype.send = send;
              if (isSent) send.call(this, line);
              this.close();
            };""", start, is_sent)

    def assert_no_problems(self, *browsers):
        for browser in browsers:
            self.assertEqual(browser.problems(), [])

    def cut(self, browser):
        """Ends the connection of Arini's page, and has every other one fail until the page says `mend()`."""
        self.break_at(browser, "ack", is_sent=False)
        browser.driver.execute_script("""
            const real = WebSocket;
            window.WebSocket = class extends real { constructor(address) { super(`${address}/nothing`); } };
            window.mend = () => { window.WebSocket = real; };""")
        self.say("send arini putus")
        eventually(lambda: "no connection" in browser.text("#status"), why="the break is not shown")

    def waiting(self, user):
        """How many messages the server keeps for somebody; who asks by a client would confirm them. (Element 0 is no message.)"""
        return int(self.cluster.redis("LLEN", f"kabar:{{u:{user}}}:inbox")[0]) - 1

    def unconfirmed(self, user):
        """How many of these nobody has confirmed: others wait until the place of a window that was closed is forgotten."""
        first = int(self.cluster.redis("LINDEX", f"kabar:{{u:{user}}}:inbox", "0")[0])
        confirmed = self.cluster.redis("HGET", f"kabar:{{u:{user}}}:reading", "confirmed")
        confirmed = int(confirmed[0]) if confirmed and confirmed[0] else first
        return self.waiting(user) - (confirmed - first)

    def kept(self, browser, name, user="arini"):
        """The texts of a conversation that the browser has stored."""
        stored = browser.driver.execute_script("return localStorage.getItem(arguments[0])", f"kabar/{user}/{name}")
        return [message["text"] for message in json.loads(stored)["messages"]] if stored else []

    def token(self, browser):
        """What the session of a browser is resumed by."""
        return browser.driver.execute_script("return JSON.parse(localStorage.getItem('kabar-session')).token")

    def say(self, line, who=LINEKER):
        """Sends a line by TCP, after a login."""
        with socket.create_connection(("127.0.0.1", self.cluster.port), 10) as client:
            client.sendall(f"auth {' '.join(who)}\r\n{line}\r\nquit\r\n".encode())
            replies = b""
            while more := client.recv(10_000):
                replies += more
            return replies.decode()


class ConversationTests(PeopleTestCase):
    def test_two_people_on_two_nodes_talk(self):
        arini, lineker = self.pair()
        arini.write("piye kabare?")
        lineker.await_message("piye kabare?", ":not(.mine)")
        arini.await_message("piye kabare?", ".mine.stored")
        lineker.write("apik")
        arini.await_message("apik", ":not(.mine)")
        self.assertEqual(arini.messages(), ["piye kabare?", "apik"])
        self.assertEqual(lineker.text("#peer-state"), "active")
        # What was shown is confirmed: nothing waits for who comes next.
        eventually(lambda: self.waiting("lineker") == 0, why="it is not confirmed")
        arini.driver.refresh()
        arini.await_online()
        arini.click("[data-person=lineker]")
        self.assertEqual(arini.messages(), ["piye kabare?", "apik"])
        self.assert_no_problems(arini, lineker)

    def test_what_waited_and_what_is_unread(self):
        for number in range(3):
            self.say(f"send arini pesan {number}")
        arini = self.browser(ARINI)
        eventually(lambda: arini.text("[data-person=lineker] .unread") == "3", why="no count of what is unread")
        eventually(lambda: arini.driver.title == "(3) Kabar")
        arini.click("[data-person=lineker]")
        self.assertEqual(arini.messages(), ["pesan 0", "pesan 1", "pesan 2"])
        eventually(lambda: arini.driver.title == "Kabar" and not arini.text("[data-person=lineker] .unread"))
        self.say("send arini pesan 3")
        arini.await_message("pesan 3")
        self.assertEqual(arini.text("[data-person=lineker] .unread"), "")

    def test_a_message_that_arrives_while_the_button_is_pressed(self):
        arini = self.browser(ARINI)
        self.say("send arini sebelum")
        eventually(lambda: arini.all("[data-person=lineker]"))
        arini.press("[data-person=lineker]")
        self.say("send arini sementara")
        eventually(lambda: arini.text("[data-person=lineker] .last") == "sementara", why="it is not shown")
        arini.release()
        eventually(lambda: arini.messages() == ["sebelum", "sementara"], why="the press opened nothing")

    def test_presence_is_live(self):
        arini = self.browser(ARINI)
        lineker = self.browser(LINEKER)
        eventually(lambda: "lineker" in arini.text("#people-list"), why="Lineker is not shown as active")
        arini.open("lineker")
        self.assertEqual(arini.text("#peer-state"), "active")
        lineker.find("#sign-out").click()
        lineker.find("#leaving [value=keep]").click()
        eventually(lambda: arini.text("#peer-state") == "away", why="Lineker is still shown as active")


class BreakTests(PeopleTestCase):
    def test_a_node_is_killed_while_both_type(self):
        arini, lineker = self.pair()
        sent = {arini: [], lineker: []}

        def both_write(numbers):
            for number in numbers:
                for browser, name in ((arini, "A"), (lineker, "L")):
                    sent[browser].append(f"{name}{number}")
                    browser.write(f"{name}{number}")

        both_write(range(5))
        arini.find("#text").send_keys("half a sen")
        os.kill(self.cluster.pid_of(self.cluster.node_of("arini")), signal.SIGKILL)
        for number in range(5, 10):
            lineker.write(f"L{number}")
            sent[lineker].append(f"L{number}")
        arini.await_online()
        arini.find("#text").send_keys("tence" + Keys.ENTER)
        sent[arini].append("half a sentence")
        os.kill(self.cluster.pid_of(self.cluster.node_of("lineker")), signal.SIGKILL)
        both_write(range(10, 15))
        for browser, other in ((arini, lineker), (lineker, arini)):
            eventually(lambda: browser.messages(":not(.mine)") == sent[other], 40,
                       f"{browser.messages(':not(.mine)')} instead of {sent[other]}")
            eventually(lambda: browser.messages(".mine.stored") == sent[browser], 20, "something was not stored")
        self.assertIn(arini.text("#status"), ("connected", "connected again"))
        self.assert_no_problems(arini, lineker)

    def test_a_message_whose_answer_is_lost_is_stored_once(self):
        arini = self.browser(ARINI)
        arini.open("lineker")
        self.break_at(arini, "@id=", is_sent=True)
        arini.write("sekali")
        arini.write("lagi")
        arini.await_message("lagi", ".mine.stored")
        inbox = self.say("inbox")
        self.assertEqual([inbox.count(f'"msg":"{text}"') for text in ("sekali", "lagi")], [1, 1])

    def test_a_message_whose_confirmation_is_lost_is_shown_once(self):
        arini = self.browser(ARINI)
        arini.open("lineker")
        self.break_at(arini, "ack", is_sent=False)
        self.say("send arini sekali")
        arini.await_message("sekali")
        eventually(lambda: self.waiting("arini") == 0, why="it is not confirmed")
        self.say("send arini lagi")
        arini.await_message("lagi")
        self.assertEqual(arini.messages(), ["sekali", "lagi"])
        self.assertEqual(self.kept(arini, "lineker"), ["sekali", "lagi"])

    def test_redis_restarts(self):
        arini, lineker = self.pair()
        arini.write("sebelum")
        lineker.await_message("sebelum")
        os.kill(self.cluster.redis_pid(), signal.SIGKILL)
        arini.write("selama")
        lineker.write("juga")
        lineker.await_message("selama", ":not(.mine)", 40)
        arini.await_message("juga", ":not(.mine)", 40)
        arini.await_message("selama", ".mine.stored", 40)
        self.assertEqual(lineker.messages(":not(.mine)"), ["sebelum", "selama"])
        self.assert_no_problems(arini, lineker)

    def test_a_rolling_restart_is_not_noticed(self):
        arini, lineker = self.pair()
        before = self.cluster.pids()
        for browser in (arini, lineker):
            browser.watch("#status")
            browser.driver.execute_script("""
                window.resumed = 0;
                const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (line) {
                  if (line.startsWith("resume ")) resumed += 1;
                  send.call(this, line);
                };""")
        self.cluster.process.send_signal(signal.SIGHUP)
        sent = []

        def are_others():
            sent.append(f"m{len(sent)}")
            arini.write(sent[-1])
            time.sleep(0.2)
            now = self.cluster.pids()
            return len(now) == 2 and not now & before

        eventually(are_others, 60, "the nodes are not replaced")
        eventually(lambda: lineker.messages(":not(.mine)") == sent, 30, f"{lineker.messages(':not(.mine)')}")
        for browser in (arini, lineker):
            # Told by the event `drain`, each has gone to another node before its own one ended.
            self.assertGreaterEqual(browser.driver.execute_script("return resumed"), 1)
            self.assertEqual(set(browser.seen("#status")), {"connected"})
        self.assert_no_problems(arini, lineker)

    def test_a_break_is_said_once(self):
        arini = self.browser(ARINI)
        for selector in ("#status", "#announcer"):
            arini.watch(selector)
        self.cut(arini)
        time.sleep(3)
        arini.driver.execute_script("mend()")
        arini.await_online()
        words = [text.split(";")[0] for text in arini.seen("#status")]
        self.assertEqual(words, ["connected", "no connection", "connected again"])
        self.assertNotIn("connected", "".join(arini.seen("#announcer")))

    def test_a_page_that_only_listens_is_not_idle(self):
        own = Cluster(nodes=1, KABAR_IDLE_TIMEOUT="3")
        self.addCleanup(own.stop)
        arini = Browser(own.page)
        self.addCleanup(arini.close)
        # A minute passes in a second, and 25 s of silence don't: as if events came all the time.
        arini.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": """
            const real = setTimeout;
            window.setTimeout = (call, delay) => real(call, delay >= 60_000 ? delay / 60 : delay);"""})
        arini.driver.refresh()
        arini.sign_in(*ARINI)
        arini.await_online()
        arini.watch("#status")
        time.sleep(7)
        self.assertEqual(arini.seen("#status"), ["connected"])

    def test_what_is_written_without_a_connection_is_sent_later(self):
        arini = self.browser(ARINI)
        arini.open("lineker")
        nodes = self.cluster.pids()
        os.kill(self.cluster.process.pid, signal.SIGSTOP)  # or the nodes would be back at once
        self.addCleanup(os.kill, self.cluster.process.pid, signal.SIGCONT)
        for pid in nodes:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: "no connection" in arini.text("#status"), why="the break is not shown")
        arini.write("satu")
        arini.write("dua")
        self.assertEqual(arini.messages(".mine.sending"), ["satu", "dua"])
        # The page may even be closed: what was to be sent is kept.
        os.kill(self.cluster.process.pid, signal.SIGCONT)
        arini.await_online(60)
        eventually(lambda: arini.messages(".mine.stored") == ["satu", "dua"], why="it was not sent")
        self.assertIn("satu", self.say("inbox"))

    def refuse(self, browser):
        """Every message is refused until the page says `mend()`."""
        browser.driver.execute_script("""
            const send = WebSocket.prototype.send;
            WebSocket.prototype.send = function (line) {
              if (!line.startsWith("@id=")) return send.call(this, line);
              const reply = { status: "ERROR", message: "refused by the test", code: "unavailable", retry_after_ms: 100 };
              setTimeout(() => this.onmessage({ data: JSON.stringify(reply) }));
            };
            window.mend = () => { WebSocket.prototype.send = send; };""")

    def test_what_never_left_the_browser_is_not_in_doubt(self):
        later = "const now = Date.now; Date.now = () => now() + 600_000;"
        # Without a connection, and refused because nothing could be done: each for longer than the server knows a tag.
        for name, break_it in (("refused", self.refuse), ("cut", self.cut)):
            with self.subTest(name):
                arini = self.browser(ARINI)
                arini.open("lineker")
                break_it(arini)
                arini.write(f"sabar {name}")
                time.sleep(0.5)
                arini.driver.execute_script(later)
                time.sleep(0.5)
                self.assertEqual(arini.messages(".mine.sending"), [f"sabar {name}"])
                arini.driver.execute_script("mend()")
                arini.await_message(f"sabar {name}", ".mine.stored")
                self.assertEqual(self.say("inbox").count(f"sabar {name}"), 1)

    def test_a_message_that_is_refused_can_be_sent_again(self):
        self.say("block arini")
        arini = self.browser(ARINI)
        arini.open("lineker")
        arini.write("halo?")
        arini.await_message("halo?", ".mine.failed")
        self.assertIn("does not take your messages", arini.text(".failed .facts"))
        self.say("unblock arini")
        time.sleep(1.1)  # the longest that a node may not know it
        arini.click(".failed .facts button")
        arini.await_message("halo?", ".mine.stored")
        self.assertEqual(self.say("inbox").count("halo?"), 1)


class TextTests(PeopleTestCase):
    def test_odd_texts_are_text(self):
        arini, lineker = self.pair()
        odd = ["<img src=x onerror=\"document.title='hacked'\">", "w" * 4096, "مرحبا \u202eبالعالم", "</div><script>alert(1)</script>",
               "javascript:alert(1) data:text/html,x", "🤷🏽‍♀️ & &amp; \\u0000 \" '"]
        for text in odd:
            self.assertIn('"status":"OK"', self.say(f"send arini {text}"))
        arini.write("lihat https://example.org/a_(b)?c=d&e, atau (http://example.org).")
        for browser in (arini, lineker):
            browser.resize(320, 568)
        eventually(lambda: arini.messages(":not(.mine)") == odd, why="an odd text is not shown as it is")
        lineker.await_message("lihat https://example.org/a_(b)?c=d&e, atau (http://example.org).")
        links = [link.get_attribute("href") for link in lineker.all("#messages a")]
        self.assertEqual(links, ["https://example.org/a_(b)?c=d&e", "http://example.org/"])
        self.assertEqual(arini.all("#messages .message:not(.mine) a, #messages img, #messages script"), [])
        for browser in (arini, lineker):
            self.assertEqual(browser.overflow(), 0)
        self.assertNotIn("hacked", arini.driver.title)
        self.assert_no_problems(arini, lineker)

    def test_a_day_that_has_passed_is_not_called_today(self):
        arini = self.browser(ARINI)
        arini.open("lineker")
        arini.write("malam")
        arini.await_message("malam", ".mine.stored")
        self.assertEqual(arini.text("#messages .day"), "Today")
        arini.driver.execute_script("""
            const real = Date;
            window.Date = class extends real {
              constructor(...at) { super(...(at.length ? at : [real.now() + 86_400_000])); }
            };""")
        self.say("send arini pagi")
        arini.await_message("pagi")
        self.assertEqual(arini.text("#messages .day"), "Yesterday")

    def test_brackets_behind_a_link(self):
        arini = self.browser()
        # As many as a message holds, often: what takes a quadratic time takes minutes.
        found = arini.driver.execute_async_script("""
            const [texts, done] = arguments;
            import("/links.js").then(({ parts }) => {
              const begin = performance.now();
              for (let times = 0; times < 200; times++) parts("http://x" + ")".repeat(4080));
              done([performance.now() - begin, texts.map(text => parts(text).map(({ text, link }) => link ? `[${text}]` : text).join(""))]);
            });""", ["http://x))", "(http://x/(a)).", "http://x/(a)(b)).", "http://x/a(b", "http://x/)]}!"])
        self.assertLess(found[0], 5000)
        self.assertEqual(found[1], ["[http://x]))", "([http://x/(a)]).", "[http://x/(a)(b)]).", "[http://x/a(b]", "[http://x/])]}!"])

    def test_what_cannot_be_a_message(self):
        arini = self.browser(ARINI)
        arini.open("lineker")
        arini.driver.execute_script("document.getElementById('text').value = 'é'.repeat(2049)")
        arini.find("#composer button").click()
        self.assertIn("4 KiB", arini.text("#text-problem"))
        self.assertEqual(len(arini.find("#text").get_attribute("value")), 2049)
        arini.driver.execute_script("document.getElementById('text').value = 'satu\\ndua\\u0007'")
        arini.find("#composer button").click()
        arini.await_message("satu dua", ".mine.stored")
        arini.write("   ")
        self.assertEqual(arini.messages(), ["satu dua"])
        arini.find("#find-name").send_keys("Ümit" + Keys.ENTER)
        self.assertIn("letters", arini.text("#find-problem"))


class SessionTests(PeopleTestCase):
    def test_signing_in_and_out(self):
        arini = self.browser()
        arini.sign_in("arini", "wrong")
        eventually(lambda: "wrong" in arini.text("#sign-in-problem"), why="a wrong password is not said")
        arini.sign_in(*ARINI)
        arini.await_online()
        token = self.token(arini)
        arini.driver.refresh()
        arini.await_online()
        arini.find("#sign-out").click()
        arini.find("#leaving [value=delete]").click()
        eventually(lambda: arini.find("#sign-in").is_displayed(), why="still signed in")
        self.assertEqual(arini.driver.execute_script("return Object.keys(localStorage)"), [])
        # Escape is no answer, whatever the last one was.
        self.say("send arini simpan")
        arini.sign_in(*ARINI)
        arini.await_online()
        eventually(lambda: arini.all("[data-person=lineker]"))
        arini.find("#sign-out").click()
        arini.find("#leaving [value=keep]").send_keys(Keys.ESCAPE)
        eventually(lambda: not arini.find("#leaving").is_displayed())
        time.sleep(0.5)
        self.assertFalse(arini.find("#sign-in").is_displayed())
        arini.find("#sign-out").click()
        arini.find("#leaving [value=keep]").click()
        eventually(lambda: arini.find("#sign-in").is_displayed(), why="still signed in")
        self.assertIn("kabar/arini/lineker", arini.driver.execute_script("return Object.keys(localStorage)"))
        with socket.create_connection(("127.0.0.1", self.cluster.port), 10) as client:
            client.sendall(f"resume {token}\r\n".encode())
            self.assertIn("invalid_session", client.recv(1000).decode())
        self.assert_no_problems(arini)

    def test_a_session_that_is_ended_elsewhere(self):
        arini = self.browser(ARINI)
        token = self.token(arini)
        self.say(f"logout {token}")
        eventually(lambda: "session has ended" in arini.text("#sign-in-problem"), why="the end of the session is not said")

    def test_what_a_full_browser_cannot_keep_stays_on_the_server(self):
        arini = self.browser(ARINI)
        arini.driver.execute_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };")
        arini.open("lineker")
        for text in ("satu", "dua", "tiga"):
            self.say(f"send arini {text}")
        arini.write("empat")
        arini.await_message("empat", ".mine.stored")
        eventually(lambda: sorted(arini.messages()) == ["dua", "empat", "satu", "tiga"], why="a message is gone")
        eventually(lambda: "no room" in arini.text("#status"), why="it is not said")
        arini.driver.refresh()
        arini.await_online()
        eventually(lambda: arini.text("[data-person=lineker] .unread") == "3", why="a message was confirmed and is gone")

    def send_many(self, count):
        """Messages from Lineker to Arini, numbered; no session sends more at once than it may."""
        for start in range(0, count, 150):
            lines = [f"send arini pesan {number}" for number in range(start, min(start + 150, count))]
            self.assertEqual(self.say("\r\n".join(lines)).count("Message Sent"), len(lines))

    def test_nothing_unread_is_dropped(self):
        self.send_many(600)
        arini = self.browser(ARINI)
        eventually(lambda: arini.text("[data-person=lineker] .unread") == "600", 40, "not all have arrived")
        eventually(lambda: self.waiting("arini") == 0, why="they are not confirmed")
        wanted = [f"pesan {number}" for number in range(600)]
        self.assertEqual(self.kept(arini, "lineker"), wanted)
        arini.click("[data-person=lineker]")
        self.assertEqual(arini.messages(), wanted)
        # Nor does the next one take something from the screen.
        self.say("send arini satu lagi")
        arini.await_message("satu lagi")
        self.assertEqual(arini.messages(), wanted + ["satu lagi"])
        # Once they are read and left there is a bound.
        arini.driver.refresh()
        arini.await_online()
        arini.open("lineker")
        arini.write("sudah")
        arini.await_message("sudah", ".mine.stored")
        self.assertEqual(arini.messages(), (wanted + ["satu lagi", "sudah"])[-500:])
        self.assert_no_problems(arini)

    def test_nothing_is_confirmed_behind_what_is_not_kept(self):
        arini = self.browser(ARINI)
        arini.driver.execute_script("""
            const setItem = Storage.prototype.setItem;
            Storage.prototype.setItem = function (key, value) {
              if (key === "kabar/arini/lineker") throw new DOMException("full", "QuotaExceededError");
              setItem.call(this, key, value);
            };
            window.mend = () => { Storage.prototype.setItem = setItem; };""")
        self.say("send arini sebelum", MESSI)
        eventually(lambda: self.kept(arini, "messi") == ["sebelum"] and self.waiting("arini") == 0, why="it is not kept and confirmed")
        self.say("send arini satu")
        eventually(lambda: "no room" in arini.text("#status"), why="it is not said")
        self.say("send arini dua", MESSI)
        eventually(lambda: self.kept(arini, "messi") == ["sebelum", "dua"], why="it is not kept")
        time.sleep(0.5)
        self.assertEqual(self.waiting("arini"), 2)
        # What was not kept is kept with the next one.
        arini.driver.execute_script("mend()")
        self.say("send arini tiga")
        eventually(lambda: self.waiting("arini") == 0, why="they are not confirmed")
        self.assertEqual((self.kept(arini, "lineker"), self.kept(arini, "messi")), (["satu", "tiga"], ["sebelum", "dua"]))
        self.assertEqual(arini.text("#status"), "connected")

    def test_a_browser_that_keeps_nothing_confirms_what_was_shown(self):
        arini = self.browser()
        arini.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {
            "source": "Storage.prototype.setItem = () => { throw new DOMException('no', 'SecurityError'); };"})
        arini.driver.refresh()
        arini.sign_in(*ARINI)
        eventually(lambda: "keeps no messages" in arini.text("#status"), why="it is not said")
        self.say("send arini satu")
        eventually(lambda: arini.text("[data-person=lineker] .unread") == "1", why="it has not arrived")
        time.sleep(0.5)
        self.assertEqual(self.unconfirmed("arini"), 1)
        arini.click("[data-person=lineker]")
        eventually(lambda: self.waiting("arini") == 0, why="it is not confirmed")

    def fill(self, browser, conversations, room):
        """Stores conversations `{name: {unread, messages}}`, and fills the browser's storage until so many characters are free."""
        browser.driver.execute_script("""
            const [conversations, room] = arguments;
            for (const [name, { unread, texts }] of Object.entries(conversations)) {
              const messages = texts.map((text, index) => (
                { id: `${name} ${index}`, text, at: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(), mine: false }));
              localStorage.setItem(`kabar/arini/${name}`, JSON.stringify({ display: name, unread, messages }));
            }
            let filler = "";
            for (let step = 1 << 22; step >= 1; step >>= 1) {
              try {
                localStorage.setItem("filler", filler + "x".repeat(step));
                filler += "x".repeat(step);
              } catch { /* A smaller step. */ }
            }
            localStorage.setItem("filler", filler.slice(room));""", conversations, room)
        browser.driver.refresh()
        browser.await_online()

    def test_in_a_full_browser_what_was_read_longest_ago_makes_room(self):
        arini = self.browser(ARINI)
        long = lambda name: [f"{name} {number} " + "x" * 2000 for number in range(100)]
        self.fill(arini, {"henderson": {"unread": 0, "texts": long("h")}, "messi": {"unread": 100, "texts": long("m")}}, 100)
        self.say("send arini baru " + "y" * 3000)
        eventually(lambda: "made room for new ones: the oldest" in arini.text("#status"), why="it is not said")
        eventually(lambda: self.waiting("arini") == 0, why="it is not confirmed")
        left = self.kept(arini, "henderson")
        self.assertEqual(left, long("h")[-len(left):])
        # As much as a few dozen take, and not half of all.
        self.assertTrue(50 < len(left) < 100, len(left))
        self.assertIn(f" {100 - len(left)}.", arini.text("#status"))
        self.assertEqual(self.kept(arini, "messi"), long("m"))
        self.assertEqual(self.kept(arini, "lineker"), ["baru " + "y" * 3000])

    def test_nothing_is_dropped_where_it_would_not_be_enough(self):
        arini = self.browser(ARINI)
        long = ["x" * 2000 for _ in range(10)]
        self.fill(arini, {"henderson": {"unread": 0, "texts": ["lama", "sekali"]}, "messi": {"unread": 10, "texts": long}}, 100)
        self.say("send arini baru " + "y" * 3000)
        eventually(lambda: "no room" in arini.text("#status"), why="it is not said")
        self.assertEqual((self.kept(arini, "henderson"), self.kept(arini, "messi")), (["lama", "sekali"], long))
        self.assertEqual(self.waiting("arini"), 1)
        # What is read may go from then on.
        arini.click("[data-person=messi]")
        eventually(lambda: self.waiting("arini") == 0, why="it is not confirmed")
        self.assertEqual(self.kept(arini, "lineker"), ["baru " + "y" * 3000])

    def leave(self, browser, answer):
        """Answers the question at signing out."""
        browser.find("#sign-out").click()
        browser.find(f"#leaving [value={answer}]").click()

    def test_a_sign_out_that_failed_deletes_nothing_later(self):
        arini = self.browser(ARINI)
        self.say("send arini simpan")
        eventually(lambda: self.kept(arini, "lineker") == ["simpan"])
        self.break_at(arini, "logout", is_sent=False)
        self.leave(arini, "delete")
        eventually(lambda: arini.text("#status") == "connected again", why="the connection is not back")
        self.say(f"logout {self.token(arini)}")
        eventually(lambda: "session has ended" in arini.text("#sign-in-problem"), why="the end of the session is not said")
        self.assertEqual(self.kept(arini, "lineker"), ["simpan"])

    def test_a_sign_out_whose_answer_is_lost_deletes(self):
        arini = self.browser(ARINI)
        self.say("send arini hapus")
        eventually(lambda: self.kept(arini, "lineker") == ["hapus"])
        self.break_at(arini, "logout", is_sent=True)
        self.leave(arini, "delete")
        eventually(lambda: arini.find("#sign-in").is_displayed(), why="still signed in")
        self.assertEqual(arini.driver.execute_script("return Object.keys(localStorage)"), [])

    def test_what_was_typed_survives_the_end_of_a_session(self):
        arini = self.browser(ARINI)
        arini.open("lineker")
        arini.find("#text").send_keys("belum selesai")
        token = self.token(arini)
        self.say(f"logout {token}")
        eventually(lambda: "session has ended" in arini.text("#sign-in-problem"), why="the end of the session is not said")
        arini.sign_in(*ARINI)
        arini.await_online()
        arini.open("lineker")
        self.assertEqual(arini.find("#text").get_attribute("value"), "belum selesai")

    def test_two_windows_of_one_browser_show_the_same(self):
        arini = self.browser(ARINI)
        arini.open("lineker")
        first = arini.driver.current_window_handle
        arini.driver.switch_to.new_window("tab")
        arini.driver.get(self.cluster.page)
        arini.await_online()
        arini.click("[data-person=lineker]") if arini.all("[data-person=lineker]") else arini.open("lineker")
        arini.write("dari tab kedua")
        self.say("send arini jawaban")
        for window in (arini.driver.current_window_handle, first):
            arini.driver.switch_to.window(window)
            eventually(lambda: arini.messages() == ["dari tab kedua", "jawaban"], why=f"{arini.messages()}")


class AppearanceTests(PeopleTestCase):
    def test_every_size_and_both_schemes_without_overflow_and_with_axe(self):
        arini = self.browser(ARINI)
        self.say("send arini halo")
        eventually(lambda: arini.all("[data-person=lineker]"))
        colours = {}
        for scheme in ("light", "dark"):
            arini.prefer(scheme)
            colours[scheme] = arini.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
            for width in (320, 1280):
                arini.resize(width, 640)
                for is_open in (False, True):
                    if is_open:
                        arini.click("[data-person=lineker]")
                    with self.subTest(scheme=scheme, width=width, is_open=is_open):
                        self.assertEqual(arini.overflow(), 0)
                        self.assertEqual(arini.axe(), [])
                arini.find("#text").send_keys(Keys.ESCAPE)
        self.assertNotEqual(colours["light"], colours["dark"])

    def test_the_form_to_sign_in_with_axe(self):
        self.assertEqual(self.browser().axe(), [])

    def test_by_the_keyboard_alone(self):
        arini = self.browser()
        active = lambda: arini.driver.switch_to.active_element
        active().send_keys("arini" + Keys.TAB)
        active().send_keys("hehe" + Keys.ENTER)
        arini.await_online()
        active().send_keys("lineker" + Keys.ENTER)
        eventually(lambda: arini.focused("id") == "text")
        active().send_keys("tanpa tetikus" + Keys.ENTER)
        arini.await_message("tanpa tetikus", ".mine.stored")
        active().send_keys(Keys.ESCAPE)
        eventually(lambda: arini.focused("data-person") == "lineker", why="the focus is lost")

    def test_a_screen_reader_hears_what_arrives(self):
        arini = self.browser(ARINI)
        self.assertEqual(arini.find("#announcer").get_attribute("aria-live"), "polite")
        self.say("send arini dengar")
        eventually(lambda: "New message from Gary Lineker: dengar" ==
                   arini.driver.execute_script("return document.getElementById('announcer').textContent"))
        # The same words again are another message.
        self.say("send arini dengar")
        eventually(lambda: 2 * ["New message from Gary Lineker: dengar"] ==
                   arini.driver.execute_script("return [...document.getElementById('announcer').children].map(one => one.textContent)"))

    def test_indonesian(self):
        arini = self.browser(language="id-ID")
        arini.sign_in("arini", "wrong")
        eventually(lambda: "kata sandi salah" in arini.text("#sign-in-problem"), why="a wrong password is not said")
        arini.sign_in(*ARINI)
        arini.await_online()
        self.assertEqual(arini.text("#sign-out"), "Keluar")
        self.assertEqual(arini.find("html").get_attribute("lang"), "id")
        for element in arini.driver.find_elements(By.CSS_SELECTOR, "[data-text]"):
            self.assertNotEqual(element.get_attribute("textContent"), "undefined")
        arini.open("nobody")
        arini.write("halo?")
        arini.await_message("halo?", ".mine.failed")
        self.assertIn("tidak ada akun dengan nama ini", arini.text(".failed .facts"))
        # A code that nobody knows yet has the server's words.
        words = arini.driver.execute_async_script("""
            import("/texts.js").then(({ reason }) => arguments[0](
              ["unavailable", "blocked", "inbox_full", "new_one"].map(code => reason({ code, message: code }))));""")
        self.assertEqual([word for word in words if "_" in word or word in ("unavailable", "blocked")], ["new_one"])


if __name__ == "__main__":
    unittest.main()
