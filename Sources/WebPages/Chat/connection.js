// The WebSocket to a node: requests and their replies in order, events, and another connection after every break.
// Never repeats a request by itself: whoever asked hears that the connection was lost, and decides.

/** What a request fails with when its connection is lost before the reply. */
export class Lost extends Error {}

/** Milliseconds that a WebSocket may take to open, and an old one to answer what it was asked. */
const openingPatience = 10_000;
const retiringPatience = 5_000;
/** Milliseconds without a message after which we ask whether the other end is still there. */
const silence = 25_000;
/** Milliseconds without a line of ours after which we say something: a node ends a connection that only listens (idle_timeout). */
const quiet = 60_000;

/** One WebSocket. */
class Link {
  #socket;
  #waiting = [];
  #silence;
  #quiet;
  #onIdle = null;

  /** `onEvent` gets what has no `status`; `onEnd` is called once, whatever ends it. */
  constructor(address, onEvent, onEnd) {
    this.isOpen = false;
    this.#socket = new WebSocket(address);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => {
        this.isOpen = true;
        this.#watchSilence();
        resolve();
      };
      this.#socket.onclose = () => {
        this.isOpen = false;
        clearTimeout(this.#silence);
        clearTimeout(this.#quiet);
        for (const waiting of this.#waiting.splice(0)) waiting.reject(new Lost());
        reject(new Lost());
        onEnd();
      };
    });
    this.#socket.onmessage = ({ data }) => {
      this.#watchSilence();
      const object = JSON.parse(data);
      if (!("status" in object)) return onEvent(object);
      this.#waiting.shift()?.resolve(object);
      if (!this.#waiting.length) this.#onIdle?.();
    };
    this.#silence = setTimeout(() => this.#giveUp(), openingPatience);
    this.opened.catch(() => {});
  }

  /** The reply to a line. */
  ask(line) {
    if (!this.isOpen) return Promise.reject(new Lost());
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#ping(), quiet);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.send(line);
    });
  }

  close() { this.#socket.close(); }

  /** Closes when what was asked is answered: a browser hands out no message behind `close`. */
  retire() {
    if (!this.#waiting.length) return this.close();
    this.#onIdle = () => this.close();
    setTimeout(() => this.close(), retiringPatience);
  }

  #ping() { this.ask("ping").catch(() => {}); }

  /** A network that is gone says nothing: so we ask now and then, and give up without an answer. */
  #watchSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#ping();
      this.#silence = setTimeout(() => this.#giveUp(), 10_000);
    }, silence);
  }

  /** A browser may take minutes to see that the other end does not answer. */
  #giveUp() {
    this.#socket.onclose?.();
    this.#socket.onclose = this.#socket.onmessage = this.#socket.onopen = null;
    this.#socket.close();
  }
}

/** What a refusal is thrown as. */
export function refused({ message, retry_after_ms: wait }) { return Object.assign(new Error(message), { wait }); }

/**
 * A session that outlives its connections. `on` holds what it tells: `state("connecting" | "online" | "broken")`,
 * `begun(reply)` after each resume (what it throws ends that connection, and the next one comes `wait` ms later),
 * `event(object)`, and `ended()` when the session is over.
 */
export class Connection {
  #address;
  #link = null;
  #next = null;
  #attempts = 0;
  #retry;
  #token = null;
  /** The earliest that the server wants to see us again, in milliseconds. */
  #wait = 0;

  constructor(address, on) {
    this.#address = address;
    this.on = on;
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#retryNow(); });
  }

  /** The reply to `auth`: on success the session goes on with `start`. Throws `Lost`. */
  async signIn(user, password) {
    const link = new Link(this.#address, () => {}, () => {});
    await link.opened;
    try {
      return await link.ask(`auth ${user} ${password}`);
    } finally {
      link.close();
    }
  }

  /** Resumes the session, now and after each break. */
  start(token) {
    this.#token = token;
    this.#open();
  }

  /** Ends all; nothing is opened any more. */
  stop() {
    this.#token = null;
    clearTimeout(this.#retry);
    for (const link of [this.#link, this.#next]) link?.close();
    this.#link = this.#next = null;
  }

  get isOnline() { return this.#link?.isOpen ?? false; }

  /** The reply to a line; throws `Lost` if there is no connection, or no longer one. */
  ask(line) { return this.#link ? this.#link.ask(line) : Promise.reject(new Lost()); }

  /** Opens a connection in the place of the one there is, which goes on until the new one is ready. */
  async #open() {
    if (this.#next || !this.#token) return;
    clearTimeout(this.#retry);
    if (!this.#link) this.on.state("connecting");
    const link = new Link(this.#address, event => this.#tell(link, event), () => this.#ended(link));
    this.#next = link;
    try {
      await link.opened;
      const resumed = await link.ask(`resume ${this.#token}`);
      if (resumed.code === "invalid_session") return this.#over();
      if (resumed.status !== "OK") throw refused(resumed);
      const old = this.#link;
      [this.#link, this.#next] = [link, null];
      try {
        await this.on.begun(resumed);
      } finally {
        old?.retire();
      }
      this.#attempts = this.#wait = 0;
      this.on.state("online");
    } catch (error) {
      this.#wait = error.wait ?? 0;
      link.close();
      if (this.#next === link) this.#ended(link);
    }
  }

  #tell(link, event) {
    switch (event.event) {
      case "session_ended": return this.#over();
      case "drain":
        // The node stops; another one takes over before this connection ends.
        if (link !== this.#link) return;
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => this.#open(), event.reconnect_after_ms);
        return;
      default: this.on.event(event);
    }
  }

  #ended(link) {
    if (link === this.#next) this.#next = null;
    else if (link === this.#link) this.#link = null;
    else return;
    if (!this.#token || this.#next) return;
    if (!this.#link) this.on.state("broken");
    // Full jitter: a node that falls must not be followed by all its clients in the same moment.
    const longest = Math.min(10_000, 250 * 2 ** Math.min(this.#attempts++, 10));
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), this.#wait + Math.random() * longest);
  }

  #retryNow() {
    if (!this.#token || this.#link || this.#next) return;
    clearTimeout(this.#retry);
    this.#open();
  }

  #over() {
    this.stop();
    this.on.ended();
  }
}
