// Why a request was refused: a stable code for programs, a sentence for people.
// Never names a secret: no password, no token, no text of a message.
// Pure value; any thread.

/// An `ERROR` reply.
public struct Refusal: Error, Equatable, Sendable {
  /// The stable name of the reason, as in `"code":"unknown_user"`.
  public let code: Code
  /// One sentence for people.
  public let message: String
  /// After how many milliseconds the same request may work (`retry_after_ms`); `nil` if waiting does not help.
  public let retryAfter: Int?

  /// Every code a node can answer. A name, once published, never changes its meaning.
  public enum Code: String, CaseIterable, Sendable {
    /// The line's UTF-8 is broken.
    case invalidUTF8 = "invalid_utf8"
    /// The line holds a control character.
    case controlCharacter = "control_character"
    /// The line is longer than 8 KiB; the connection closes.
    case lineTooLong = "line_too_long"
    /// The first word is not a command.
    case unknownCommand = "unknown_command"
    /// A word that the command needs is missing.
    case missingArgument = "missing_argument"
    /// There are more words than the command takes.
    case unexpectedArgument = "unexpected_argument"
    /// An account name outside `[a-z0-9][a-z0-9._-]{0,31}`.
    case invalidName = "invalid_name"
    /// The text of a message is longer than 4 KiB.
    case textTooLong = "text_too_long"
    /// Name or password is wrong; which of them is not said.
    case authFailed = "auth_failed"
    /// A new password that can't be used.
    case invalidPassword = "invalid_password"
    /// Too many wrong passwords came from this client's address: it waits, whatever the next one is.
    case tooManyAttempts = "too_many_attempts"
    /// The command needs a session and this connection has none.
    case notLoggedIn = "not_logged_in"
    /// The token is unknown, or its session has ended.
    case invalidSession = "invalid_session"
    /// There is no account of that name.
    case unknownUser = "unknown_user"
    /// The recipient's inbox holds as much as it may; nothing was stored.
    case inboxFull = "inbox_full"
    /// The recipient blocks the sender; nothing was stored.
    case blocked = "blocked"
    /// Nobody can block herself.
    case ownName = "own_name"
    /// This user blocks as many others as one may.
    case tooManyBlocked = "too_many_blocked"
    /// A tag outside its grammar.
    case invalidTag = "invalid_tag"
    /// Not a number where one is needed.
    case invalidNumber = "invalid_number"
    /// No message with this seq was shown on this connection, or it is another one than the id says.
    case unknownMessage = "unknown_message"
    /// The command is for a connection that listens.
    case notListening = "not_listening"
    /// This connection watches as many users as one may.
    case tooManyWatched = "too_many_watched"
    /// This node hashes as many passwords as it may, or another request was quicker; the same one may work a little later.
    case busy = "busy"
    /// More commands came than this session may send; after `retry_after_ms` it may send one.
    case slowDown = "slow_down"
    /// This node, or the client's address on it, has as many connections as it may; the connection closes.
    case tooManyConnections = "too_many_connections"
    /// Many connections wait to log in, and this one took too long; it closes.
    case loginTimeout = "login_timeout"
    /// The connection asked nothing for too long, and closes.
    case idleTimeout = "idle_timeout"
    /// A line was begun and not ended in time; the connection closes.
    case lineTimeout = "line_timeout"
    /// The store can't be reached or refuses to write; nothing was done.
    case unavailable = "unavailable"
    /// The store went away with the request: it may or may not have been carried out.
    case outcomeUnknown = "outcome_unknown"

    /// Whether the node closes the connection after this answer.
    public var closes: Bool {
      switch self {
      case .lineTooLong, .tooManyConnections, .loginTimeout, .idleTimeout, .lineTimeout: true
      default: false
      }
    }
  }

  /// A refusal in words of its own.
  public init(_ code: Code, _ message: String, retryAfter: Int? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }
}

extension Refusal {
  /// The line is too long.
  public static let lineTooLong = Refusal(.lineTooLong, "a line has at most \(ProtocolLimits.lineBytes) bytes")
  /// Unknown account and wrong password look alike.
  public static let authFailed = Refusal(.authFailed, "wrong user name or password")
  /// No session yet.
  public static let notLoggedIn = Refusal(.notLoggedIn, "log in first: \(CommandWord.auth.usage)")
  /// The token is of no living session.
  public static let invalidSession = Refusal(.invalidSession, "this session is unknown or has ended: log in again")
  /// A word that should be an account name is none.
  static let invalidName = Refusal(
    .invalidName, "a user name has 1 to 32 of a-z 0-9 . _ - and begins with a letter or digit")
  /// Presence is told to listening connections only.
  public static let notListening = Refusal(
    .notListening, "say \(CommandWord.listen.text) first: presence is told to connections that listen")
  /// `block` with the user's own name.
  public static let ownName = Refusal(.ownName, "nobody can block herself")
  /// The bound of `block`.
  public static let tooManyBlocked = Refusal(
    .tooManyBlocked, "a user blocks at most \(ProtocolLimits.blockedUsers) others: nothing was changed")
  /// The bound of `watch`.
  public static let tooManyWatched = Refusal(
    .tooManyWatched,
    "a connection watches at most \(ProtocolLimits.watchedUsers) users by name (five such connections a user), or *: nothing was changed"
  )
  /// Too many password checks wait on this node.
  public static let busy = Refusal(
    .busy, "too many logins at once on this node: try again in a moment", retryAfter: 1000)
  /// The connection is one too many.
  public static let tooManyConnections = Refusal(
    .tooManyConnections, "too many connections: try again in a moment", retryAfter: 1000)
  /// Nobody logged in.
  public static let loginTimeout = Refusal(
    .loginTimeout, "many wait to log in and this connection took too long: connect again")
  /// Nothing was asked.
  public static let idleTimeout = Refusal(
    .idleTimeout, "nothing was asked for too long: connect again (\(CommandWord.ping.usage) keeps a connection open)")
  /// A line was never ended.
  public static let lineTimeout = Refusal(.lineTimeout, "a line took too long from its first byte to its end")
  /// Redis can't serve; nothing was done.
  public static let unavailable = Refusal(
    .unavailable, "the store can't serve now: nothing was done, try again", retryAfter: 1000)
  /// Redis went away after the request was written to it.
  public static let outcomeUnknown = Refusal(
    .outcomeUnknown, "the store went away before it confirmed: the request may have been carried out")

  /// What `ack` names was not shown, or has changed.
  public static let unknownMessage = Refusal(
    .unknownMessage, "no such message was shown on this connection: give its id too (\(CommandWord.ack.usage))")

  /// Wrong passwords came from there; for how many milliseconds it must wait.
  public static func tooManyAttempts(retryAfter: Int) -> Refusal {
    Refusal(.tooManyAttempts, "too many wrong passwords from your address: wait a while", retryAfter: retryAfter)
  }

  /// In how many milliseconds the session may send a command again.
  public static func slowDown(retryAfter: Int) -> Refusal {
    Refusal(.slowDown, "too many commands: wait a little", retryAfter: retryAfter)
  }

  /// The node has more to do than it can; nothing was done, and in so many milliseconds it may be asked again.
  public static func overloaded(retryAfter: Int) -> Refusal {
    Refusal(.slowDown, "the server is overloaded: nothing was done, ask again later", retryAfter: retryAfter)
  }

  /// The recipient has too much mail.
  public static func inboxFull(_ name: AccountName) -> Refusal {
    Refusal(.inboxFull, "the inbox of \(name) is full: nothing was stored")
  }

  /// The recipient blocks the sender.
  public static func blocked(by name: AccountName) -> Refusal {
    Refusal(.blocked, "\(name) does not take your messages: nothing was stored")
  }

  /// The recipient does not exist.
  public static func unknownUser(_ name: AccountName) -> Refusal { Refusal(.unknownUser, "there is no user \(name)") }
}
