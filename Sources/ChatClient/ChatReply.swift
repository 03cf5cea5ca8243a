// Owns: the shape of one reply of the protocol, decoded from its JSON.
// Must never: refuse a reply for keys that it doesn't know; servers may add some.
// Runs on: values; a reply is decoded on its caller's task, not on an event loop.
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One reply: what every server of the protocol sends (`status`, `message`, `messages`, `tokenid`), and Kabar's additions.
public struct ChatReply: Sendable, Equatable, Decodable {
  /// `OK`, or `ERROR` if the request failed.
  public let status: String
  /// A text for people. For `user_aktif` all names, each followed by `, `.
  public let message: String?
  /// What failed, stable and for programs. Only on an error.
  public let code: String?
  /// The session's token (a UUID), in the reply to `auth`.
  public let tokenid: String?
  /// The inbox, or a text, depending on the command.
  public let messages: ChatMessages?
  /// True if more messages wait behind those of this reply to `inbox`.
  public let more: Bool?
  /// Account names of active users, in the reply to `user_aktif`. May be fewer than `count`.
  public let users: [String]?
  /// How many users are active, in the reply to `user_aktif`.
  public let count: Int?
  /// The stored message's id, in the reply to `send`.
  public let id: String?
  /// True if an earlier request with the same tag had stored the message already.
  public let duplicate: Bool?
  /// Account name of the session's user, in the reply to `resume`.
  public let user: String?
  /// Display name of the session's user, in the reply to `resume`.
  public let name: String?
  /// In how many milliseconds the same request may work. Only on an error.
  public let retryAfterMilliseconds: Int?

  private enum CodingKeys: String, CodingKey {
    case status, message, code, tokenid, messages, more, users, count, id, duplicate, user, name
    case retryAfterMilliseconds = "retry_after_ms"
  }

  /// True if the request was carried out.
  public var isOK: Bool { status == "OK" }

  /// This reply if it says OK; throws ``ChatClientError/refused(code:message:retryAfter:)`` otherwise.
  public func accepted() throws(ChatClientError) -> ChatReply {
    guard isOK else {
      throw .refused(
        code: code, message: message ?? "the server refused the request without a reason",
        retryAfter: retryAfterMilliseconds.map { .milliseconds($0) })
    }
    return self
  }
}

/// What a reply has under `messages`: the protocol uses this key with two shapes.
public enum ChatMessages: Sendable, Equatable, Decodable {
  /// The reply to `inbox`: by the sender's account name, oldest first.
  case inbox([String: [ChatMessage]])
  /// The reply to `logout`.
  case text(String)

  /// Decides by shape: a JSON string is a text, a JSON object is an inbox.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let text = try? value.decode(String.self) {
      self = .text(text)
    } else {
      self = .inbox(try value.decode([String: [ChatMessage]].self))
    }
  }
}

/// One message of an inbox.
public struct ChatMessage: Sendable, Equatable, Decodable {
  /// Display name of the sender.
  public let from: String
  /// Display name of the receiver.
  public let to: String
  /// The text, exactly as the server has it. Escape control characters before it goes to a terminal.
  public let text: String
  /// The message's id, on servers that give one.
  public let id: String?
  /// Position in the receiver's inbox; grows by one with every message. On servers that number them.
  public let seq: Int?
  /// When the server stored it: ISO 8601 in UTC. On servers that say so.
  public let at: String?

  private enum CodingKeys: String, CodingKey {
    case from = "msg_from"
    case to = "msg_to"
    case text = "msg"
    case id, seq, at
  }
}

extension ChatReply {
  /// Decodes one reply without its CR LF CR LF; throws ``ChatClientError/malformedReply(reason:)``.
  init(json: ByteBuffer) throws(ChatClientError) {
    do {
      self = try JSONDecoder().decode(ChatReply.self, from: Data(json.readableBytesView))
    } catch DecodingError.keyNotFound(let key, _) {
      throw .malformedReply(reason: "\"\(key.stringValue)\" is missing")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw .malformedReply(reason: path.isEmpty ? "not a JSON object" : "\"\(path)\" has an unexpected type")
    } catch {
      throw .malformedReply(reason: "not JSON")
    }
  }
}
