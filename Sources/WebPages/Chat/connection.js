// The WebSocket to a node: requests and their replies in order, events, and another connection after every break.
// Never repeats a request by itself: whoever asked hears that the connection was lost, and decides.

/** What a request fails with when its connection is lost before the reply. */
export class Lost extends Error {}

/** One WebSocket. */
class Link {
  #socket;
  #waiting = [];
  #silence;

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
    };
    this.opened.catch(() => {});
  }

  /** The reply to a line. */
  ask(line) {
    if (!this.isOpen) return Promise.reject(new Lost());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.send(line);
    });
  }

  close() { this.#socket.close(); }

  /** A network that is gone says nothing: so we ask now and then, and give up without an answer. */
  #watchSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.ask("ping").catch(() => {});
      this.#silence = setTimeout(() => {
        // A browser may take a minute to close a connection whose other end does not answer.
        this.#socket.onclose?.();
        this.#socket.onclose = this.#socket.onmessage = null;
        this.#socket.close();
      }, 10_000);
    }, 25_000);
  }
}

/**
 * A session that outlives its connections. `on` holds what it tells: `state("connecting" | "online" | "broken")`,
 * `begun(isFirst)` after each listen, `event(object)`, and `ended()` when the session is over.
 */
export class Connection {
  #address;
  #link = null;
  #next = null;
  #attempts = 0;
  #retry;
  #token = null;
  #isFirst = true;

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
    this.#isFirst = true;
    this.#open();
  }

  /** Ends all; nothing is opened any more. */
  stop() {
    this.#token = null;
    clearTimeout(this.#retry);
    for (const link of [this.#link, this.#next]) link?.close();
    this.#link = this.#next = null;
  }

  /** The reply to a line; throws `Lost` if there is no connection, or no longer one. */
  ask(line) { return this.#link ? this.#link.ask(line) : Promise.reject(new Lost()); }

  /** Opens a connection in the place of the one there is, which goes on until the new one is ready. */
  async #open() {
    if (this.#next) return;
    if (!this.#link) this.on.state("connecting");
    const link = new Link(this.#address, event => this.#tell(link, event), () => this.#ended(link));
    this.#next = link;
    try {
      await link.opened;
      const resumed = await link.ask(`resume ${this.#token}`);
      if (resumed.code === "invalid_session") return this.#over();
      if (resumed.status !== "OK") throw new Lost();
      const old = this.#link;
      [this.#link, this.#next] = [link, null];
      this.#attempts = 0;
      const isFirst = this.#isFirst;
      this.#isFirst = false;
      await this.on.begun(isFirst, resumed);
      this.on.state("online");
      old?.close();
    } catch {
      link.close();
      if (this.#next === link) this.#ended(link);
    }
  }

  #tell(link, event) {
    switch (event.event) {
      case "session_ended": return this.#over();
      case "drain":
        // The node stops; another one takes over before this connection ends.
        this.#retry = setTimeout(() => this.#open(), event.reconnect_after_ms);
        return;
      default: this.on.event(event);
    }
  }

  #ended(link) {
    if (link === this.#next) this.#next = null;
    else if (link === this.#link) this.#link = null;
    else return;
    if (!this.#token || this.#link || this.#next) return;
    this.on.state("broken");
    // Full jitter: a node that falls must not be followed by all its clients in the same moment.
    const longest = Math.min(10_000, 250 * 2 ** Math.min(this.#attempts++, 10));
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#open(), Math.random() * longest);
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
