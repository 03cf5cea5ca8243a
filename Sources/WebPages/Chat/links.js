// Finds links in a text.
// Never makes one of anything but http and https, never touches the document.

const pattern = /\bhttps?:\/\/[^\s<>"'`]+/giu;

/** The parts of a text in their order: `{text}`, or `{text, link}` for what can be clicked. */
export function parts(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const shown = trimmed(match[0]);
    const link = address(shown);
    if (!link) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: shown, link });
    end = match.index + shown.length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

/** Without the punctuation behind it: a bracket belongs to the link if it was opened there. */
function trimmed(link) {
  for (;;) {
    const last = link.at(-1);
    const isOpened = last === ")" && link.split("(").length >= link.split(")").length;
    if (!".,;:!?)]}".includes(last) || isOpened) return link;
    link = link.slice(0, -1);
  }
}

function address(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}
