// What a client can ask for, one case for each command of the protocol.
// Never holds an unchecked word: the parser made every value valid.
// Pure value; any thread.

/// A parsed request line.
public enum Command: Equatable, Sendable {
  /// `auth USER PASSWORD`: log in and bind this connection to a new session.
  case auth(AccountName, password: String)
  /// `passwd OLD NEW`: change the password of this connection's user, and end her other sessions.
  case passwd(old: String, new: String)
  /// `[@id=TAG] send [TOKEN] USER TEXT…`: store a message for a user; with a tag, once however often it is asked for.
  case send(SessionToken?, to: AccountName, MessageText, RequestTag?)
  /// `inbox [TOKEN]`: show the waiting messages, oldest first.
  case inbox(SessionToken?)
  /// `ack [TOKEN] SEQ [ID]`: all messages up to this one have been received. Without the id it must have been shown on
  /// this connection.
  case ack(SessionToken?, sequence: Int, id: String?)
  /// `user_aktif [TOKEN]`: who is active, on any node.
  case activeUsers(SessionToken?)
  /// `block [TOKEN] USER`: that user's messages are refused from now on.
  case block(SessionToken?, AccountName)
  /// `unblock [TOKEN] USER`: they are taken again.
  case unblock(SessionToken?, AccountName)
  /// `blocks [TOKEN]`: whom this user blocks.
  case blocks(SessionToken?)
  /// `logout [TOKEN]`: end the session everywhere.
  case logout(SessionToken?)
  /// `resume TOKEN`: bind this connection to a living session.
  case resume(SessionToken)
  /// `listen [TOKEN]`: from now on messages come by themselves, as events.
  case listen(SessionToken?)
  /// `unlisten`: no more events.
  case unlisten
  /// `watch USER…` or `watch *`: tell this listening connection when they become active or inactive.
  case watch(Watched)
  /// `unwatch [USER…]`: no longer these, or nobody.
  case unwatch(Watched)
  /// `ping`: answered at once, by this node alone.
  case ping
  /// `help`: the list of commands.
  case help
  /// `quit`: end the connection in order.
  case quit
}

/// Whose presence a listening connection is told of.
public enum Watched: Equatable, Sendable {
  case everyone
  /// At least one name; at most as many as fit on a line.
  case users([AccountName])
}

extension Command {
  /// The token that was given with it; `nil` if none was, or it takes none.
  package var token: SessionToken? {
    switch self {
    case .send(let token, _, _, _), .ack(let token, _, _), .inbox(let token), .activeUsers(let token),
      .block(let token, _), .unblock(let token, _), .blocks(let token), .logout(let token), .listen(let token):
      token
    case .resume(let token): token
    case .auth, .passwd, .unlisten, .watch, .unwatch, .ping, .help, .quit: nil
    }
  }

  /// Which command it is.
  package var word: CommandWord {
    switch self {
    case .auth: .auth
    case .passwd: .passwd
    case .send: .send
    case .inbox: .inbox
    case .ack: .ack
    case .activeUsers: .activeUsers
    case .block: .block
    case .unblock: .unblock
    case .blocks: .blocks
    case .logout: .logout
    case .resume: .resume
    case .listen: .listen
    case .unlisten: .unlisten
    case .watch: .watch
    case .unwatch: .unwatch
    case .ping: .ping
    case .help: .help
    case .quit: .quit
    }
  }
}

/// A command's word and how it is used: the one list that the parser, `help` and the metrics share.
package enum CommandWord: Int, CaseIterable, Sendable {
  case auth, passwd, send, inbox, ack, activeUsers, block, unblock, blocks, logout, resume, listen, unlisten, watch
  case unwatch, ping, help, quit

  private static let texts = allCases.map { word in
    String(word.usage.split(separator: " ").first { !$0.hasPrefix("[") } ?? "")
  }

  /// The words as numbers: one comparison for each.
  private static let packed = texts.map { $0.utf8.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
  /// Bytes that fit into such a number.
  static let maximumLength = 16

  /// The command whose word has these bytes, the last one lowest.
  init?(packed word: UInt128) {
    guard let index = Self.packed.firstIndex(of: word) else { return nil }
    self.init(rawValue: index)
  }

  /// The word itself, as in `user_aktif`.
  package var text: String { Self.texts[rawValue] }

  var usage: String {
    switch self {
    case .auth: "auth USER PASSWORD"
    case .passwd: "passwd OLD NEW"
    case .send: "[@id=TAG] send [TOKEN] USER TEXT"
    case .inbox: "inbox [TOKEN]"
    case .ack: "ack [TOKEN] SEQ [ID]"
    case .activeUsers: "user_aktif [TOKEN]"
    case .block: "block [TOKEN] USER"
    case .unblock: "unblock [TOKEN] USER"
    case .blocks: "blocks [TOKEN]"
    case .logout: "logout [TOKEN]"
    case .resume: "resume TOKEN"
    case .listen: "listen [TOKEN]"
    case .unlisten: "unlisten"
    case .watch: "watch *|USER [USER ...]"
    case .unwatch: "unwatch [USER ...]"
    case .ping: "ping"
    case .help: "help"
    case .quit: "quit"
    }
  }
}
