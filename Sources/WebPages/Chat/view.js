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

/** Puts `wanted` into `parent`, in this order. What stands there already is not touched: a press of the button that is under way, a
 *  selection and the focus survive, and a screen reader reads only what is new. */
function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  wanted.forEach((child, index) => { if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null); });
}

/** What stands in `parent`, by the key that `keyed` gave to it. */
const standing = parent => new Map([...parent.children].map(child => [child.dataset.key, child]));

function keyed(made, key) {
  made.dataset.key = key;
  return made;
}

/** The list of people: who was written to first, the latest on top, then who else is active. */
export function showPeople({ conversations, active, chosen, me, onChoose }) {
  const last = name => conversations.get(name)?.messages.at(-1)?.at ?? "";
  const names = [...new Set([...conversations.keys(), ...active])].filter(name => name !== me || conversations.has(name))
    .sort((one, other) => last(other).localeCompare(last(one)) || one.localeCompare(other));
  const list = element("people-list");
  const known = standing(list);
  const focused = document.activeElement;
  arrange(list, names.map(name => {
    const row = known.get(name) ?? keyed(person(name, onChoose), name);
    fill(row, { name, conversation: conversations.get(name), isActive: active.has(name), isChosen: name === chosen });
    return row;
  }));
  // Who moves up in the list loses the focus on the way.
  if (list.contains(focused)) focused.focus();
}

function person(name, onChoose) {
  const dot = make("span", "dot", make("span", "unseen"));
  const last = make("span", "last");
  last.dir = "auto";
  const button = make("button", "person", dot, make("span", "name"), make("span", "unread"), last);
  button.dataset.person = name;
  button.onclick = () => onChoose(name);
  return make("li", "", button);
}

function fill(row, { name, conversation, isActive, isChosen }) {
  const part = selector => row.querySelector(selector);
  const unread = conversation?.unread ?? 0;
  part(".person").setAttribute("aria-current", isChosen);
  part(".dot").classList.toggle("active", isActive);
  part(".unseen").textContent = isActive ? texts.active : texts.away;
  part(".name").textContent = conversation?.display ?? name;
  part(".unread").textContent = unread || "";
  part(".unread").setAttribute("aria-label", texts.unread(unread));
  part(".last").textContent = conversation?.messages.at(-1)?.text.slice(0, 100) ?? "";
  for (const optional of [".unread", ".last"]) part(optional).hidden = part(optional).textContent === "";
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
  const known = standing(log);
  const wanted = [];
  let before = null;
  for (const message of conversation.messages) {
    const date = new Date(message.at);
    if (!before || new Date(before.at).toDateString() !== date.toDateString()) {
      const key = `day ${date.toDateString()}`;
      const header = known.get(key) ?? keyed(make("p", "day"), key);
      // What was today is yesterday after midnight.
      say(header, dayName(date));
      wanted.push(header);
      before = null;
    }
    const follows = before && before.mine === message.mine && date - new Date(before.at) < group;
    const key = JSON.stringify([name, message.tag ?? message.id, message.state, message.problem, Boolean(follows)]);
    wanted.push(known.get(key) ?? keyed(bubble(message, follows, onRetry), key));
    before = message;
  }
  arrange(log, wanted);
  if (isAtEnd) log.scrollTop = log.scrollHeight;
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
  say(element("status"), words ?? texts[state]);
  element("status").classList.toggle("broken", state === "broken");
}

/** Says something to who doesn't see the page; each time in an element of its own, as the same words again are no change. */
export function announce(words) {
  const announcer = element("announcer");
  announcer.append(make("p", "", words));
  while (announcer.children.length > 5) announcer.firstChild.remove();
}

/** Nothing of what was announced stays in the document. */
export function forgetAnnouncements() { element("announcer").replaceChildren(); }

/** Puts words into an element; the same ones are not put there again, or a screen reader might say them again. */
function say(element, words) { if (element.textContent !== words) element.textContent = words; }
