// What stands in the document: people, one conversation, states in words.
// Never builds markup from a text: every text is a text node.

import { parts } from "./links.js";
import { language, texts } from "./texts.js";

const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
/** Messages of one side that are closer together than this stand in one group. */
const group = 5 * 60_000;

export const element = id => document.getElementById(id);

function make(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

/** The list of people: who was written to first, the latest on top, then who else is active. */
export function showPeople({ conversations, active, chosen, me, onChoose }) {
  const last = name => conversations.get(name)?.messages.at(-1)?.at ?? "";
  const names = [...new Set([...conversations.keys(), ...active])].filter(name => name !== me || conversations.has(name))
    .sort((one, other) => last(other).localeCompare(last(one)) || one.localeCompare(other));
  const list = element("people-list");
  const focused = document.activeElement?.dataset?.person;
  list.replaceChildren(...names.map(name => {
    const conversation = conversations.get(name);
    const isActive = active.has(name);
    const dot = make("span", isActive ? "dot active" : "dot");
    const button = make("button", "person", dot, make("span", "name", conversation?.display ?? name));
    dot.append(make("span", "unseen", isActive ? texts.active : texts.away));
    button.dataset.person = name;
    button.setAttribute("aria-current", name === chosen);
    if (conversation?.unread) {
      const unread = make("span", "unread", `${conversation.unread}`);
      unread.setAttribute("aria-label", texts.unread(conversation.unread));
      button.append(unread);
    }
    const text = conversation?.messages.at(-1)?.text;
    if (text) {
      const shown = make("span", "last", text.slice(0, 100));
      shown.dir = "auto";
      button.append(shown);
    }
    button.onclick = () => onChoose(name);
    return make("li", "", button);
  }));
  if (focused) list.querySelector(`[data-person="${CSS.escape(focused)}"]`)?.focus();
}

let isAtEnd = true;
element("messages").addEventListener("scroll", ({ target: log }) => {
  isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
});
// A keyboard that comes up, or another width, must not hide what was just read.
new ResizeObserver(([{ target: log }]) => { if (isAtEnd) log.scrollTop = log.scrollHeight; }).observe(element("messages"));

/** The conversation that was chosen. Who has scrolled up stays there, unless `toEnd`. */
export function showConversation({ name, conversation, isActive, onRetry, toEnd }) {
  element("peer-name").textContent = conversation.display === name ? name : `${conversation.display} (${name})`;
  element("peer-state").textContent = isActive ? texts.active : texts.away;
  const log = element("messages");
  if (toEnd) isAtEnd = true;
  // What stands there stays as it is: a screen reader reads only what is new, and a selection survives.
  const known = new Map([...log.children].map(child => [child.dataset.key, child]));
  const wanted = [];
  let before = null;
  for (const message of conversation.messages) {
    const date = new Date(message.at);
    if (!before || new Date(before.at).toDateString() !== date.toDateString()) {
      const key = `day ${date.toDateString()}`;
      wanted.push(known.get(key) ?? keyed(make("p", "day", dayName(date)), key));
      before = null;
    }
    const follows = before && before.mine === message.mine && date - new Date(before.at) < group;
    const key = JSON.stringify([name, message.tag ?? message.id, message.state, message.problem, Boolean(follows)]);
    wanted.push(known.get(key) ?? keyed(bubble(message, follows, onRetry), key));
    before = message;
  }
  const kept = new Set(wanted);
  for (const child of [...log.children]) if (!kept.has(child)) child.remove();
  wanted.forEach((child, index) => { if (log.children[index] !== child) log.insertBefore(child, log.children[index] ?? null); });
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function keyed(made, key) {
  made.dataset.key = key;
  return made;
}

function bubble(message, follows, onRetry) {
  const body = make("div", "body", ...parts(message.text).map(({ text, link }) => {
    if (!link) return text;
    const anchor = make("a", "", text);
    [anchor.href, anchor.target, anchor.rel] = [link, "_blank", "noopener noreferrer"];
    return anchor;
  }));
  body.dir = "auto";
  const stamp = make("time", "", time.format(new Date(message.at)));
  stamp.dateTime = message.at;
  const facts = make("div", "facts", stamp);
  if (message.state) facts.append(make("span", "", texts[message.state] + (message.problem ? `: ${message.problem}` : "")));
  if (message.state === "failed") {
    const again = make("button", "quiet", texts.retry);
    again.onclick = () => onRetry(message.tag);
    facts.append(again);
  }
  return make("div", ["message", message.mine && "mine", follows && "follows", message.state].filter(Boolean).join(" "), body, facts);
}

function dayName(date) {
  const age = (new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000;
  return Math.round(age) === 0 ? texts.today : Math.round(age) === 1 ? texts.yesterday : day.format(date);
}

/** How the connection is, in words. */
export function showState(state, words) {
  element("status").textContent = words ?? texts[state];
  element("status").classList.toggle("broken", state === "broken");
}

/** Says something to who doesn't see the page. */
export function announce(words) { element("announcer").textContent = words; }
