// Owns: a client of the course protocol, as simple as its users write them: a socket, lines out, JSON in.
// Must never: know more of the protocol than they do.
// Runs on: any thread; one test owns it.
import Foundation

/// One reply of the server.
public struct Reply: Equatable, CustomStringConvertible {
  private let object: [String: JSONValue]
  /// The JSON text as it came.
  public let description: String

  init(_ bytes: [UInt8]) throws {
    description = String(decoding: bytes, as: UTF8.self)
    object = try JSONDecoder().decode([String: JSONValue].self, from: Data(bytes))
  }

  /// A member that is text.
  public subscript(key: String) -> String? {
    if case .text(let text) = object[key] { text } else { nil }
  }

  /// `"status":"OK"`
  public var isOK: Bool { self["status"] == "OK" }
  /// The stable name of the error.
  public var code: String? { self["code"] }
  /// The account names of `user_aktif`.
  public var users: [String] {
    if case .list(let names) = object["users"] { names.compactMap(\.text) } else { [] }
  }
  /// What kind of event this is; `nil` for a reply.
  public var event: String? { self["event"] }
  /// The number of a message, or up to which messages are confirmed.
  public var sequence: Int? { object["seq"]?.number }
  /// `count` of active users.
  public var count: Int? { object["count"]?.number }
  /// `retry_after_ms`
  public var retryAfter: Int? { object["retry_after_ms"]?.number }
  /// Whether a flag is set.
  public func has(_ flag: String) -> Bool { object[flag] == .flag(true) }
  /// `"more":true`
  public var hasMore: Bool { object["more"] == .flag(true) }

  /// The messages of an inbox, sender by sender as they came.
  public var messages: [String: [[String: JSONValue]]] {
    guard case .object(let senders) = object["messages"] else { return [:] }
    return senders.mapValues { list in
      guard case .list(let items) = list else { return [] }
      return items.compactMap { if case .object(let message) = $0 { message } else { nil } }
    }
  }

  /// The texts of all messages from a sender, in order.
  public func texts(from sender: String) -> [String] { (messages[sender] ?? []).compactMap { $0["msg"]?.text } }
}

/// Any JSON value.
public enum JSONValue: Equatable, Decodable {
  case text(String)
  case number(Int)
  case flag(Bool)
  case list([JSONValue])
  case object([String: JSONValue])

  /// Reads whatever is there.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Int.self) {
      self = .number(number)
    } else if let list = try? container.decode([JSONValue].self) {
      self = .list(list)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// The text, if it is one.
  public var text: String? { if case .text(let text) = self { text } else { nil } }
  /// The number, if it is one.
  public var number: Int? { if case .number(let number) = self { number } else { nil } }
}

/// A connection to a node.
public final class LineClient {
  /// The raw connection.
  public let socket: TCPSocket
  private var input: [UInt8] = []
  /// Lives as long as its clients.
  private let node: ChatNode?

  /// Connects to 127.0.0.1, from there or from another address of the loopback (127.0.0.2, …).
  public init(port: Int, from address: String? = nil, node: ChatNode? = nil) throws {
    socket = try TCPSocket(port: port, from: address)
    self.node = node
  }

  /// Sends a line with CRLF.
  public func send(_ line: String) throws { try socket.write((line + "\r\n").utf8) }

  /// The next reply, which ends with CRLF CRLF.
  public func reply() throws -> Reply {
    while true {
      if let end = Self.endOfReply(input) {
        defer { input.removeFirst(end + 4) }
        return try Reply(Array(input[..<end]))
      }
      let bytes = try socket.read()
      guard !bytes.isEmpty else { throw TestFailure("the server closed the connection") }
      input += bytes
    }
  }

  /// The replies and events that have arrived by now; doesn't wait.
  public func arrived() throws -> [Reply] {
    var replies: [Reply] = []
    while hears(withinMilliseconds: 0) { replies.append(try reply()) }
    return replies
  }

  /// The next reply or event, for which other tests need not wait: `reply` holds a thread, of which there are few.
  public func awaitReply(within seconds: Double = 15) async throws -> Reply {
    _ = await eventually(within: seconds) { hears(withinMilliseconds: 0) }
    return try reply()
  }

  /// Sends a line and reads its reply, which must be the next thing that comes.
  public func request(_ line: String) throws -> Reply {
    try send(line)
    return try reply()
  }

  /// Whether something more comes within this time.
  public func hears(withinMilliseconds milliseconds: Int32) -> Bool {
    Self.endOfReply(input) != nil || socket.isReadable(withinMilliseconds: milliseconds)
  }

  /// Whether the server closes the connection now, saying nothing more.
  public func isClosedByServer() throws -> Bool { try input.isEmpty && socket.read().isEmpty }

  /// Says goodbye and closes.
  public func quit() throws {
    _ = try request("quit")
    socket.close()
  }

  private static func endOfReply(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 4 else { return nil }
    return (0...bytes.count - 4).first {
      bytes[$0] == 13 && bytes[$0 + 1] == 10 && bytes[$0 + 2] == 13 && bytes[$0 + 3] == 10
    }
  }
}
