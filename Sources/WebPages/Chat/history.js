// The messages of one user in this browser: the server keeps none that was confirmed.
// Never holds a password; never lets a message be confirmed before it is kept.

const longest = 500;

/**
 * A message: `{id, text, at, mine, state, tag, problem, triedAt}`. Received ones have an `id` and no `state`; for those sent,
 * `state` is `sending`, `stored` or `failed`, and `tag` is what the server knows a repetition by.
 */
export class History {
  #prefix;
  /** Whether this browser keeps what it is given. */
  isKept = true;
  /** By account name: `{display, unread, messages}`. */
  conversations = new Map();

  constructor(user) {
    this.#prefix = `kabar/${user}/`;
    for (const key of keys(this.#prefix)) this.reload(key);
  }

  /** The account name of a conversation that another tab has changed; `null` if the key is none of this user's. */
  reload(key) {
    if (!key?.startsWith(this.#prefix)) return null;
    const name = key.slice(this.#prefix.length);
    try {
      const read = JSON.parse(localStorage.getItem(key));
      if (read) this.conversations.set(name, read);
      else this.conversations.delete(name);
    } catch {
      this.isKept = false;
    }
    return name;
  }

  conversation(name) {
    if (!this.conversations.has(name)) this.conversations.set(name, { display: name, unread: 0, messages: [] });
    return this.conversations.get(name);
  }

  /** Keeps a message that has arrived; `false` if it was here already. */
  receive(name, display, message, isUnread) {
    this.reload(this.#prefix + name);
    const conversation = this.conversation(name);
    conversation.display = display;
    if (conversation.messages.some(known => known.id === message.id && !known.mine)) return false;
    conversation.messages.push(message);
    if (isUnread) conversation.unread += 1;
    this.#save(name);
    return true;
  }

  /** Keeps a message that is to be sent. */
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
    const conversation = this.conversation(name);
    if (!conversation.unread) return;
    conversation.unread = 0;
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

  #save(name) {
    const conversation = this.conversation(name);
    // What is not sent yet is never dropped.
    while (conversation.messages.length > longest) {
      const index = conversation.messages.findIndex(message => message.state !== "sending");
      if (index < 0) break;
      conversation.messages.splice(index, 1);
    }
    try {
      localStorage.setItem(this.#prefix + name, JSON.stringify(conversation));
    } catch {
      this.isKept = false;
    }
  }
}

function keys(prefix) {
  try {
    return Object.keys(localStorage).filter(key => key.startsWith(prefix));
  } catch {
    return [];
  }
}
