// The messages of one user in this browser: the server keeps none that was confirmed.
// Never holds a password; says of each message whether it is kept, before which nobody may confirm it.

/** Most messages of a conversation. */
const longest = 500;

/**
 * A message: `{id, text, at, mine, state, tag, problem, triedAt}`. Received ones have an `id` and no `state`; for those sent,
 * `state` is `sending`, `stored` or `failed`, and `tag` is what the server knows a repetition by.
 */
export class History {
  #prefix;
  /** Conversations of which something is here and not in the browser's storage: what is read there must not take their place. */
  #unkept = new Set();
  /** Whether this browser keeps anything at all. */
  canKeep = isStorageThere();
  /** By account name: `{display, unread, messages}`. */
  conversations = new Map();

  constructor(user) {
    this.#prefix = `kabar/${user}/`;
    for (const key of keys(this.#prefix)) this.reload(key);
  }

  /** The account name of a conversation that another tab may have changed; `null` if the key is none of this user's. */
  reload(key) {
    if (!key?.startsWith(this.#prefix)) return null;
    const name = key.slice(this.#prefix.length);
    if (!this.canKeep || this.#unkept.has(name)) return name;
    const stored = read(key);
    const own = this.conversations.get(name)?.messages ?? [];
    if (!stored) {
      this.conversations.delete(name);
      return name;
    }
    // Two tabs may write at the same moment: what is to be sent is never lost by it.
    const missing = own.filter(({ tag, state }) => state === "sending" && !stored.messages.some(other => other.tag === tag));
    stored.messages.push(...missing);
    this.conversations.set(name, stored);
    return name;
  }

  conversation(name) {
    if (!this.conversations.has(name)) this.conversations.set(name, { display: name, unread: 0, messages: [] });
    return this.conversations.get(name);
  }

  /** Takes a message that has arrived. `isNew`: it was not here; `isKept`: it may be confirmed. */
  receive(name, display, message, isUnread) {
    this.reload(this.#prefix + name);
    const conversation = this.conversation(name);
    const isNew = !conversation.messages.some(known => known.id === message.id && !known.mine);
    if (isNew) {
      conversation.display = display;
      conversation.messages.push(message);
      if (isUnread) conversation.unread += 1;
    }
    const isStored = isNew || this.#unkept.has(name) ? this.#save(name) : true;
    return { isNew, isKept: isStored || !this.canKeep };
  }

  /** Takes a message that is to be sent. */
  add(name, message) {
    this.reload(this.#prefix + name);
    this.conversation(name).messages.push(message);
    this.#save(name);
  }

  /** Changes what is known of a message that was sent. */
  update(name, tag, changes) {
    this.reload(this.#prefix + name);
    const message = this.conversation(name).messages.find(message => message.tag === tag);
    if (!message) return;
    Object.assign(message, changes);
    this.#save(name);
  }

  /** Everything of a conversation has been seen. */
  markRead(name) {
    if (!this.conversation(name).unread) return;
    this.reload(this.#prefix + name);
    this.conversation(name).unread = 0;
    this.#save(name);
  }

  /** Messages that were to be sent and are not stored, in their order. */
  *unsent() {
    for (const [name, { messages }] of this.conversations) {
      for (const message of messages) if (message.state === "sending") yield { name, message };
    }
  }

  get unread() { return [...this.conversations.values()].reduce((sum, { unread }) => sum + unread, 0); }

  /** Nothing of this user stays here. */
  delete() {
    for (const key of keys(this.#prefix)) localStorage.removeItem(key);
    this.conversations.clear();
  }

  /** Whether the storage has taken the conversation. When it is full, the oldest of the largest one make room. */
  #save(name) {
    const conversation = this.conversation(name);
    shorten(conversation, longest);
    for (let tries = 0; this.canKeep && tries < 20; tries++) {
      if (write(this.#prefix + name, conversation)) {
        this.#unkept.delete(name);
        return true;
      }
      if (!this.#makeRoom()) break;
    }
    this.#unkept.add(name);
    return false;
  }

  /** Whether half of the largest conversation could be let go of. */
  #makeRoom() {
    const size = key => localStorage.getItem(key)?.length ?? 0;
    const largest = keys(this.#prefix).sort((one, other) => size(other) - size(one))[0];
    const stored = largest && read(largest);
    if (!stored || stored.messages.length < 2) return false;
    shorten(stored, Math.floor(stored.messages.length / 2));
    return write(largest, stored);
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function write(key, conversation) {
  try {
    localStorage.setItem(key, JSON.stringify(conversation));
    return true;
  } catch {
    return false;
  }
}

function isStorageThere() {
  try {
    localStorage.setItem("kabar-probe", "");
    localStorage.removeItem("kabar-probe");
    return true;
  } catch {
    return false;
  }
}

/** Drops the oldest; what is not sent yet is never dropped. */
function shorten(conversation, length) {
  while (conversation.messages.length > length) {
    const index = conversation.messages.findIndex(message => message.state !== "sending");
    if (index < 0) return;
    conversation.messages.splice(index, 1);
  }
}

function keys(prefix) {
  try {
    return Object.keys(localStorage).filter(key => key.startsWith(prefix));
  } catch {
    return [];
  }
}
