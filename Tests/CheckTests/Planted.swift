// Owns: the table of violations: how each is made with redis-cli, and what the check must say about it.
// Must never: lack a kind of violation (a test compares).
// Runs on: any thread (values).
import ChatState
import Testing

/// A violation made by hand in a Redis that holds the accounts arini and lineker.
struct Planted: Sendable, CustomTestStringConvertible {
  let kind: Violation.Kind
  /// What redis-cli is told.
  let commands: [[String]]
  /// A part of the line that reports it.
  let words: String
  /// What the printed redis-cli line shows.
  let shown: String
  /// Whether `--repair` mends it.
  let isRepaired: Bool

  init(_ kind: Violation.Kind, _ commands: [String]..., says words: String, shows shown: String, repaired: Bool) {
    (self.kind, self.commands, self.words, self.shown, isRepaired) = (kind, commands, words, shown, repaired)
  }

  var testDescription: String { "\(kind): \(words)" }

  private static let id = String(repeating: "ab", count: 32)
  private static let session = "kabar:session:\(id)"
  private static let future = "9999999999999"

  static let all = ofAccounts + ofInboxes + ofAttempts + ofSessions + ofBlocks + ofNodes + ofKeys

  private static let ofKeys = [
    Planted(.unknownKey, ["SET", "kabar:mystery", "1"], says: "doesn't write", shows: "string", repaired: false),
    Planted(
      .unknownKey, ["RPUSH", "kabar:{u:Arini}:inbox", "1"], says: "doesn't write", shows: "list", repaired: false),
    Planted(
      .unknownKey, ["SET", "kabar:it's \"$HOME\\\n\u{1B}[31m1é", "1"], says: "doesn't write", shows: "string",
      repaired: false),
    Planted(
      .wrongType, ["SET", "kabar:active", "x"], says: "is a string, not a zset", shows: "string", repaired: false),
    Planted(
      .wrongType, ["DEL", "kabar:{u:arini}:inbox"], ["SET", "kabar:{u:arini}:inbox", "x"],
      says: "is a string, not a list", shows: "string", repaired: false),
  ]

  private static let ofAccounts = [
    Planted(
      .accountNotIndexed, ["ZREM", "kabar:accounts", "arini"], says: "arini is missing in the index", shows: "",
      repaired: true),
    Planted(
      .accountIncomplete, ["HSET", "kabar:{u:arini}:account", "name", "Arini", "password", "hehe", "created", "now"],
      says: "arini has no usable password", shows: "Arini\nhehe\nnow", repaired: false),
    Planted(
      .accountEntryStale, ["ZADD", "kabar:accounts", "0", "nobody"], says: "holds nobody, but there is no such account",
      shows: "0", repaired: true),
    Planted(
      .accountEntryStale, ["ZADD", "kabar:accounts", "0", "No Name!"], says: "what can't be an account name",
      shows: "0", repaired: true),
    Planted(
      .accountEntryScored, ["ZADD", "kabar:accounts", "5", "arini"], says: "has the score 5", shows: "5",
      repaired: true),
  ]

  private static let ofInboxes = [
    Planted(.inboxMissing, ["DEL", "kabar:{u:arini}:inbox"], says: "arini has no inbox", shows: "0", repaired: true),
    Planted(
      .inboxTwice, ["RPUSH", "kabar:{u:arini}:inbox:disabled", "0"], says: "arini has two inboxes", shows: "2",
      repaired: false),
    Planted(
      .inboxMisnamed, ["HSET", "kabar:{u:arini}:account", "disabled", "now"], says: "its inbox takes mail", shows: "1",
      repaired: true),
    Planted(
      .inboxMisnamed, ["RENAME", "kabar:{u:arini}:inbox", "kabar:{u:arini}:inbox:disabled"], says: "as if it were",
      shows: "1", repaired: true),
    Planted(
      .inboxUncounted, ["LSET", "kabar:{u:arini}:inbox", "0", "hello"], says: "does not begin with the number",
      shows: "hello", repaired: true),
    Planted(
      .inboxOrphaned, ["RPUSH", "kabar:{u:nobody}:inbox", "0", #"{"from":"ops","msg":"x"}"#],
      says: "the inbox of nobody", shows: "0",
      repaired: false),
    Planted(
      .readingOrphaned, ["HSET", "kabar:{u:nobody}:reading", "shown", "3"], says: "belongs to nobody", shows: "0",
      repaired: true),
    Planted(
      .readingUnreadable, ["HSET", "kabar:{u:arini}:reading", "shown", "x"], says: "no usable shown", shows: "x",
      repaired: true),
    Planted(
      .readingBeyondEnd, ["HSET", "kabar:{u:arini}:reading", "confirmed", "7"], says: "never held more than 0",
      shows: "7", repaired: true),
    Planted(
      .onceEndless, ["SET", "kabar:{u:arini}:once:lineker:a:b", "OK"], says: "no end within 10 minutes", shows: "-1",
      repaired: true),
  ]

  private static let ofAttempts = [
    Planted(
      .attemptsEndless, ["HSET", "kabar:attempts:192.0.2.1", "*", "1 0"], says: "no end within an hour", shows: "-1",
      repaired: true),
    Planted(
      .knownEndless, ["SET", "kabar:known:192.0.2.1", "1"], says: "no end within 7 days", shows: "-1", repaired: true),
    Planted(
      .unknownKey, ["HSET", "kabar:attempts:2001:db8::1", "*", "1 0"], says: "doesn't write", shows: "hash",
      repaired: false),
  ]

  private static let ofSessions = [
    Planted(
      .sessionOfNobody, ["HSET", session, "user", "nobody"], ["EXPIRE", session, "1000"], says: "belongs to nobody",
      shows: "0", repaired: true),
    Planted(
      .sessionOfNobody, ["HSET", session, "name", "x"], ["EXPIRE", session, "1000"], says: "doesn't say whose it is",
      shows: "", repaired: true),
    Planted(
      .sessionEndless, ["HSET", session, "user", "arini"], ["ZADD", "kabar:{u:arini}:sessions", future, id],
      says: "never ends", shows: "-1", repaired: true),
    Planted(
      .sessionNotIndexed, ["HSET", session, "user", "arini"], ["EXPIRE", session, "1000"],
      says: "missing in the index of arini's sessions", shows: "", repaired: true),
    Planted(
      .sessionsOrphaned, ["ZADD", "kabar:{u:nobody}:sessions", "1", id], says: "the index of nobody's sessions",
      shows: "0", repaired: true),
    Planted(
      .sessionEntryStale, ["ZADD", "kabar:{u:arini}:sessions", future, id], says: "no such session", shows: "0",
      repaired: true),
    Planted(
      .sessionEntryStale, ["ZADD", "kabar:{u:arini}:sessions", future, "it's"], says: "what can't be a session",
      shows: future, repaired: true),
  ]

  private static let ofBlocks = [
    Planted(
      .blocksOrphaned, ["ZADD", "kabar:{u:nobody}:blocked", "0", "arini"], says: "belongs to nobody", shows: "0",
      repaired: true),
    Planted(
      .blocksOrphaned, ["ZADD", "kabar:{u:nobody}:blockers", "0", "arini"], says: "belongs to nobody", shows: "0",
      repaired: true),
    Planted(
      .blockEntryStale, ["ZADD", "kabar:{u:arini}:blocked", "0", "nobody"], says: "blocks somebody who has no account",
      shows: "0", repaired: true),
    Planted(
      .blockEntryStale, ["ZADD", "kabar:{u:arini}:blockers", "0", "No Name!"], says: "what can't be an account name",
      shows: "0", repaired: true),
    Planted(
      .blockNotInForce, ["ZADD", "kabar:{u:arini}:blocked", "0", "lineker"], says: "the block is not in force",
      shows: "", repaired: true),
    Planted(
      .blockNotListed, ["ZADD", "kabar:{u:arini}:blockers", "0", "lineker"], says: "whose list does not say so",
      shows: "", repaired: true),
  ]

  private static let ofNodes = [
    Planted(
      .nodeForgotten, ["HSET", "kabar:node:n1-0123abcd", "name", "n1"], says: "not in the set of nodes", shows: "",
      repaired: true),
    Planted(
      .nodeForgotten, ["HSET", "kabar:node:n1-0123abcd:users", "arini", "1"], says: "not in the set of nodes",
      shows: "", repaired: true),
    Planted(
      .activeMiscounted, ["ZADD", "kabar:active", "2", "arini"], says: "score 2, but connected to 0 nodes", shows: "2",
      repaired: true),
    Planted(
      .activeMiscounted, ["ZADD", "kabar:nodes", future, "n1-0123abcd"],
      ["HSET", "kabar:node:n1-0123abcd:users", "arini", "3"], says: "connected to 1 node, but missing", shows: "",
      repaired: true),
  ]
}
