// The page: signing in, what arrives, what is chosen and written.
// Never talks to the server itself (connection.js does), never builds an element (view.js does).

import { Connection, Lost, refused } from "./connection.js";
import { History } from "./history.js";
import { Sending } from "./sending.js";
import { reason, texts, translate } from "./texts.js";
import { announce, element, forgetAnnouncements, showConversation, showPeople, showState } from "./view.js";

const namePattern = /^[a-z0-9][a-z0-9._-]{0,31}$/;
const textBytes = 4096;
const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;

/** What is known while somebody is signed in. */
let me = null;
let token = null;
let history = null;
let sending = null;
let chosen = null;
const active = new Set();
/** By account name; whose they are is kept when a session ends, so that nothing typed is lost by it. */
const drafts = new Map();
let writer = null;

const connection = new Connection(address, { state: connectionState, begun, event, ended });

// MARK: Session

/** Kept across visits: a token, and whose it is. */
const session = {
  read() { try { return JSON.parse(localStorage.getItem("kabar-session")); } catch { return null; } },
  write(value) {
    try {
      if (value) localStorage.setItem("kabar-session", JSON.stringify(value));
      else localStorage.removeItem("kabar-session");
    } catch { /* Then it lasts as long as the page. */ }
  },
};

element("sign-in-form").addEventListener("submit", async submit => {
  submit.preventDefault();
  const [user, password] = [element("user").value.trim().toLowerCase(), element("password").value];
  const problem = words => { element("sign-in-problem").textContent = words; };
  if (!namePattern.test(user)) return problem(texts.noName);
  problem("");
  const button = submit.submitter ?? element("sign-in-form").querySelector("button");
  button.disabled = true;
  try {
    const reply = await connection.signIn(user, password);
    if (reply.status !== "OK") {
      const isTooMuch = reply.retry_after_ms && reply.code !== "unavailable";
      return problem(isTooMuch ? texts.wait(Math.ceil(reply.retry_after_ms / 1000)) : reason(reply));
    }
    element("password").value = "";
    session.write({ user, token: reply.tokenid });
    signedIn(user, reply.tokenid);
  } catch {
    problem(texts.signInOffline);
  } finally {
    button.disabled = false;
  }
});

function signedIn(user, newToken) {
  if (user !== writer) drafts.clear();
  [me, writer, token, isToBeDeleted, wasBroken] = [user, user, newToken, false, false];
  history = new History(user, count => showState("broken", texts.dropped(count)));
  sending = new Sending(connection, history, show);
  element("me").textContent = user;
  element("me").setAttribute("aria-label", texts.you(user));
  showParts(true);
  choose(null);
  element("find-name").focus();
  connection.start(token);
}

/** The chat, or the form to sign in. */
function showParts(isSignedIn) {
  document.body.classList.toggle("chatting", isSignedIn);
  document.body.classList.remove("reading");
  element("sign-in").hidden = isSignedIn;
  element("conversation").hidden = true;
  for (const part of document.querySelectorAll(".chat")) part.hidden = !isSignedIn;
}

function signedOut(words) {
  if (chosen) drafts.set(chosen, element("text").value);
  connection.stop();
  sending?.stop();
  // Another tab may have signed in anew meanwhile.
  if (session.read()?.token === token) session.write(null);
  [me, token, history, sending, chosen] = [null, null, null, null, null];
  active.clear();
  forgetNumbers();
  element("text").value = "";
  element("people-list").replaceChildren();
  element("messages").replaceChildren();
  forgetAnnouncements();
  document.title = "Kabar";
  showParts(false);
  element("sign-in-problem").textContent = words ?? "";
  element("user").focus();
}

/** A sign-out is asked for and not answered. */
let isLeaving = false;
/** The person has asked that nothing of hers stays in this browser, and that sign-out has not failed. */
let isToBeDeleted = false;

/** The session is over, here or elsewhere. */
function ended() {
  if (isToBeDeleted) history.delete();
  signedOut(isToBeDeleted ? "" : texts.sessionEnded);
}

element("sign-out").addEventListener("click", () => {
  // What was chosen last time stays otherwise, also when the dialog is left by Escape.
  element("leaving").returnValue = "";
  element("leaving").showModal();
});
element("leaving").addEventListener("close", async () => {
  const answer = element("leaving").returnValue;
  isToBeDeleted = answer === "delete";
  if (answer !== "keep" && answer !== "delete") return;
  const isSent = connection.isOnline;
  isLeaving = true;
  try {
    const reply = await connection.ask("logout");
    if (reply.status !== "OK" && !["invalid_session", "not_logged_in"].includes(reply.code)) throw refused(reply);
  } catch (error) {
    // Whether a line has arrived whose answer was lost, the next connection will know.
    if (!isSent || !(error instanceof Lost)) isToBeDeleted = false;
    return showState("broken", texts.leavingOffline);
  } finally {
    isLeaving = false;
  }
  if (!me) return;
  if (isToBeDeleted) history.delete();
  signedOut();
  drafts.clear();
});

// MARK: Connection

let wasBroken = false;

function connectionState(state) {
  if (state !== "online") {
    // Each further try would be read out.
    if (!wasBroken) showState(state);
    if (state === "broken") wasBroken = true;
    return;
  }
  // The session goes on, so a sign-out whose answer was lost has not arrived.
  if (!isLeaving) isToBeDeleted = false;
  showOnline(wasBroken ? texts.moved : undefined);
  wasBroken = false;
  sending.run();
}

/** What there is to say while there is a connection. */
function showOnline(words) {
  if (!history.canKeep) showState("online", texts.notKept);
  else if (unkept.size) showState("broken", texts.full);
  else showState("online", words);
}

async function begun(resumed) {
  // What is not confirmed comes again by the new connection.
  forgetNumbers();
  element("me").textContent = resumed.name === me ? me : `${resumed.name} (${me})`;
  const listening = await connection.ask("listen");
  if (listening.status !== "OK") throw refused(listening);
  readPresence(await connection.ask("watch *"));
}

function readPresence(reply) {
  if (reply.status !== "OK") return;
  active.clear();
  for (const name of reply.users) active.add(name);
  show(chosen);
}

function event(event) {
  if (event.event === "message") return received(event);
  if (event.event === "presence") {
    if (event.active) active.add(event.user);
    else active.delete(event.user);
    return show(event.user);
  }
  if (event.event === "presence_summary") connection.ask("user_aktif").then(readPresence, () => {});
}

/** Of this connection: the highest numbers that have arrived and were confirmed, and who sent what may not be confirmed yet, by number. */
let [arrived, confirmed] = [0, 0];
const unkept = new Map();
let isConfirming = false;

function forgetNumbers() {
  [arrived, confirmed] = [0, 0];
  unkept.clear();
}

/** All up to a number are confirmed by it: so never one behind which something is not kept. Many that come together need one line. */
function confirm(delay = 20) {
  if (isConfirming) return;
  isConfirming = true;
  setTimeout(async () => {
    isConfirming = false;
    if (!history) return;
    const wasFull = unkept.size > 0;
    for (const [seq, name] of unkept) if (history.keeps(name)) unkept.delete(seq);
    if (wasFull && !unkept.size && connection.isOnline) showOnline();
    const last = Math.min(arrived, ...[...unkept.keys()].map(seq => seq - 1));
    if (last <= confirmed) return;
    try {
      const reply = await connection.ask(`ack ${last}`);
      if (reply.status === "OK") confirmed = Math.max(confirmed, last);
      // What this connection was not shown yet it will be, and the number is known by then.
      else if (reply.code !== "unknown_message") confirm(reply.retry_after_ms ?? 1000);
    } catch { /* The next connection shows it again, and it is known by its id then. */ }
  }, delay);
}

/** A message is kept here before it is confirmed. */
function received({ seq, id, from, msg_from: display, msg: text, at }) {
  const isSeen = chosen === from && !document.hidden;
  const isNew = history.receive(from, display, { id, text, at, mine: false }, !isSeen);
  // A connection begins with the first that is not confirmed.
  if (!arrived) confirmed = seq - 1;
  arrived = Math.max(arrived, seq);
  if (!history.keeps(from)) {
    unkept.set(seq, from);
    // The server keeps it: it comes again with the next connection.
    if (history.canKeep) showState("broken", texts.full);
  }
  confirm();
  if (!isNew) return;
  if (!isSeen) announce(texts.newMessage(display, text.slice(0, 200)));
  show(from);
}

// MARK: Conversations

let isShowing = false;
const changed = new Set();

/** Shows what has changed of a person, once for all that changes in this moment. */
function show(name, toEnd = false) {
  changed.add(name);
  if (toEnd) showNow(true);
  else if (!isShowing) {
    isShowing = true;
    requestAnimationFrame(() => showNow(false));
    // A page in the background paints nothing, and its title shall change all the same.
    if (document.hidden) setTimeout(() => showNow(false), 100);
  }
}

function showNow(toEnd) {
  isShowing = false;
  if (!history) return;
  if (chosen && changed.has(chosen)) {
    if (!document.hidden && history.markRead(chosen)) confirm();
    showConversation({
      name: chosen, conversation: history.conversation(chosen), isActive: active.has(chosen), toEnd,
      onRetry: tag => sending.retry(chosen, tag),
    });
  }
  changed.clear();
  showPeople({ conversations: history.conversations, active, chosen, me, onChoose: choose });
  document.title = history.unread ? `(${history.unread}) Kabar` : "Kabar";
}

function choose(name) {
  if (chosen) drafts.set(chosen, element("text").value);
  const last = chosen;
  chosen = name;
  document.body.classList.toggle("reading", name !== null);
  element("conversation").hidden = name === null;
  element("nobody").hidden = name !== null;
  element("text-problem").textContent = "";
  if (name === null) {
    show(null, true);
    document.querySelector(`[data-person="${CSS.escape(last ?? "")}"]`)?.focus();
    return;
  }
  element("messages").replaceChildren();
  show(name, true);
  element("text").value = drafts.get(name) ?? "";
  element("text").focus();
}

element("back").addEventListener("click", () => choose(null));
document.addEventListener("visibilitychange", () => { if (chosen && !document.hidden) show(chosen); });
addEventListener("storage", ({ key }) => {
  if (!history) return;
  // Signed out in another tab.
  if (key === "kabar-session" && !session.read()) return signedOut();
  const name = history.reload(key);
  if (name) show(name);
});

element("find").addEventListener("submit", submit => {
  submit.preventDefault();
  const name = element("find-name").value.trim().toLowerCase();
  element("find-problem").textContent = namePattern.test(name) ? "" : texts.noName;
  if (!namePattern.test(name)) return;
  element("find-name").value = "";
  choose(name);
});

// MARK: Writing

element("composer").addEventListener("submit", submit => {
  submit.preventDefault();
  // A line end would end the request: in a message it becomes a space. Control characters are no text at all.
  const text = element("text").value.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  if (!text) return;
  const isTooLong = new TextEncoder().encode(text).length > textBytes;
  element("text-problem").textContent = isTooLong ? texts.tooLong : "";
  if (isTooLong) return;
  element("text").value = "";
  sending.send(chosen, text);
  show(chosen, true);
});

element("text").addEventListener("keydown", key => {
  if (key.key !== "Enter" || key.shiftKey || key.isComposing) return;
  key.preventDefault();
  element("composer").requestSubmit();
});

addEventListener("keydown", key => {
  if (key.key === "Escape" && chosen && !element("leaving").open) choose(null);
});

// MARK: Start

translate(document);
const known = session.read();
if (known?.token && namePattern.test(known.user)) signedIn(known.user, known.token);
else signedOut();
