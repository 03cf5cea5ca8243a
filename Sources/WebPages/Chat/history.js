// The messages of one user in this browser: the server keeps none that was confirmed.
// Never holds a password, never lets go of what nobody has read; says what is kept, before which nobody may confirm it.

/** Most messages of a conversation, unless more are unread or not sent. */
const longest = 500;
/** Characters that are let go of beside those that must be, so that not every message has to make room for itself. */
const spare = 65_536;

/**
 * A message: `{id, text, at, mine, state, tag, problem, triedAt}`. Received ones have an `id` and no `state`; for those sent,
 * `state` is `sending`, `stored` or `failed`, and `tag` is what the server knows a repetition by.
 */
export class History {
  #prefix;
  #onDropped;
  /** Conversations of which something is here and not in the browser's storage: what is read there must not take their place. */
  #unkept = new Set();
  /** The conversation in which something unread was shown last, and how many messages it had then. */
  #shown = { name: null, length: 0 };
  /** Whether this browser keeps anything at all. */
  canKeep = isStorageThere();
  /** By account name: `{display, unread, messages}`; unread are the last ones that were received. */
  conversations = new Map();

  /** `onDropped(count)` is called when so many old messages had to make room. */
  constructor(user, onDropped) {
    [this.#prefix, this.#onDropped] = [`kabar/${user}/`, onDropped];
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

  /** Takes a message that has arrived; whether it was not here. */
  receive(name, display, message, isUnread) {
    this.reload(this.#prefix + name);
    const conversation = this.conversation(name);
    const isNew = !conversation.messages.some(known => known.id === message.id && !known.mine);
    if (isNew) {
      conversation.display = display;
      conversation.messages.push(message);
      if (isUnread) conversation.unread += 1;
    }
    if (isNew || this.#unkept.has(name)) this.#save(name);
    return isNew;
  }

  /** Whether what has arrived from somebody may be confirmed: it is stored or, where nothing can be, was shown. */
  keeps(name) { return this.canKeep ? !this.#unkept.has(name) : !this.conversation(name).unread; }

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

  /** Everything of a conversation is being shown; whether something was unread. */
  markRead(name) {
    if (!this.conversation(name).unread) return false;
    this.reload(this.#prefix + name);
    const conversation = this.conversation(name);
    this.#shown = { name, length: conversation.messages.length };
    conversation.unread = 0;
    // What was read can make room for what found none.
    for (const waiting of new Set([name, ...this.#unkept])) this.#save(waiting);
    return true;
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

  /** Stores a conversation, or remembers that it is not stored. */
  #save(name) {
    const conversation = this.conversation(name);
    // What was unread a moment ago stays on the screen while others come.
    shorten(conversation, longest + (name === this.#shown.name ? this.#shown.length : 0));
    if (this.canKeep && (write(this.#prefix + name, conversation) || this.#makeRoom(name))) this.#unkept.delete(name);
    else this.#unkept.add(name);
  }

  /** Whether room for a conversation was made: by the oldest messages of all that can be let go of, or by none if they are not enough. */
  #makeRoom(name) {
    const key = this.#prefix + name;
    const needed = JSON.stringify(this.conversation(name)).length - (localStorage.getItem(key)?.length ?? -key.length);
    const candidates = [];
    for (const other of [...this.conversations.keys()]) {
      if (other !== name) {
        if (this.#unkept.has(other)) continue;
        this.reload(this.#prefix + other);
      }
      for (const message of expendable(this.conversation(other))) candidates.push({ other, message });
    }
    candidates.sort((one, two) => one.message.at.localeCompare(two.message.at));
    const dropped = new Map();
    let [room, count] = [0, 0];
    for (const { other, message } of candidates) {
      if (room >= needed + spare) break;
      room += JSON.stringify(message).length + 1;
      count += 1;
      dropped.set(other, (dropped.get(other) ?? new Set()).add(message));
    }
    if (room < needed) return false;
    const before = new Map([...dropped.keys()].map(other => [other, this.conversation(other).messages]));
    const after = new Map([...before].map(([other, all]) => [other, all.filter(message => !dropped.get(other).has(message))]));
    this.#replace(after, name);
    if (write(key, this.conversation(name))) {
      this.#onDropped(count);
      return true;
    }
    this.#replace(before, name);
    return false;
  }

  /** Gives conversations these messages, and stores them, but for the one that is being saved. */
  #replace(messages, saved) {
    for (const [name, those] of messages) {
      this.conversation(name).messages = those;
      if (name !== saved) write(this.#prefix + name, this.conversation(name));
    }
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

/** The messages that can be let go of, oldest first: neither unread nor unsent. */
function expendable({ unread, messages }) {
  let end = messages.length;
  for (let left = unread; left > 0 && end > 0;) if (!messages[--end].mine) left -= 1;
  return messages.slice(0, end).filter(({ state }) => state !== "sending" && state !== "failed");
}

/** Drops the oldest that can be let go of, as far as there are more than `length` messages. */
function shorten(conversation, length) {
  const surplus = conversation.messages.length - length;
  if (surplus <= 0) return;
  const dropped = new Set(expendable(conversation).slice(0, surplus));
  conversation.messages = conversation.messages.filter(message => !dropped.has(message));
}

function keys(prefix) {
  try {
    return Object.keys(localStorage).filter(key => key.startsWith(prefix));
  } catch {
    return [];
  }
}
