// Brings what was written to the server: in its order, once, however often the connection breaks.
// Never sends a message under another tag than the first time: the server stores a tag once (within ten minutes).

import { Lost } from "./connection.js";
import { reason, texts } from "./texts.js";

/** As long as the server is sure to know a tag, with a minute to spare. */
const memory = 9 * 60_000;
/** Nothing was stored or, where the outcome is unknown, it does no harm to ask again: a tag is stored once. */
const passing = new Set(["slow_down", "busy", "unavailable", "outcome_unknown", "not_logged_in"]);

export class Sending {
  #connection;
  #history;
  #onChange;
  #isRunning = false;
  #isStopped = false;

  /** `onChange(name)` is called when a message of that conversation has another state. */
  constructor(connection, history, onChange) {
    [this.#connection, this.#history, this.#onChange] = [connection, history, onChange];
  }

  /** Keeps a message, and sends it as soon as can be. */
  send(name, text) {
    this.#history.add(name, { text, at: new Date().toISOString(), mine: true, state: "sending", tag: newTag() });
    this.#onChange(name);
    this.run();
  }

  /** The person wants it once more. */
  retry(name, tag) {
    this.#change(name, tag, { state: "sending", problem: undefined, triedAt: undefined });
    this.run();
  }

  /** Sends what waits, one after the other; whatever breaks, it goes on with the next connection. */
  async run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next; !this.#isStopped && (next = this.#history.unsent().next().value);) {
        await this.#settle(next.name, next.message);
      }
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      // The reply was lost with an old connection, and another one is there already.
      if (this.#connection.isOnline) setTimeout(() => this.run(), 250);
    } finally {
      this.#isRunning = false;
    }
  }

  stop() { this.#isStopped = true; }

  async #settle(name, message) {
    // The first try may have been stored, and the server has forgotten its tag by now: a person has to decide.
    if (message.triedAt && Date.now() - message.triedAt > memory) {
      return this.#change(name, message.tag, { state: "failed", problem: texts.unknownOutcome });
    }
    // Without a connection nothing leaves the browser, and nothing is in doubt.
    if (!this.#connection.isOnline) throw new Lost();
    const isFirst = !message.triedAt;
    if (isFirst) this.#change(name, message.tag, { triedAt: Date.now() });
    const reply = await this.#connection.ask(`@id=${message.tag} send ${name} ${message.text}`);
    if (reply.status === "OK") {
      return this.#change(name, message.tag, { state: "stored", id: reply.id, triedAt: undefined });
    }
    if (!passing.has(reply.code)) {
      return this.#change(name, message.tag, { state: "failed", problem: reason(reply), triedAt: undefined });
    }
    if (isFirst && reply.code !== "outcome_unknown") this.#change(name, message.tag, { triedAt: undefined });
    await new Promise(resolve => setTimeout(resolve, reply.retry_after_ms ?? 1000));
  }

  #change(name, tag, changes) {
    this.#history.update(name, tag, changes);
    this.#onChange(name);
  }
}

/** Not randomUUID: that exists only where the page came by TLS or from this machine. */
function newTag() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
}
