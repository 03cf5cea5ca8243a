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
  let end = link.length;
  let unopened = count(link, ")") - count(link, "(");
  for (; ".,;:!?)]}".includes(link[end - 1]); end--) {
    if (link[end - 1] !== ")") continue;
    if (unopened <= 0) break;
    unopened -= 1;
  }
  return link.slice(0, end);
}

function count(text, character) { return text.split(character).length - 1; }

function address(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}
