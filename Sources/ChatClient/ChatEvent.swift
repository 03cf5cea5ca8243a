// Owns: what a server says without being asked: the shape of each event, decoded from its JSON.
// Must never: refuse an event that it doesn't know, or take a reply for an event.
// Runs on: values; an event is decoded on the event loop of its connection, because it waits for no caller.
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a listening connection is told between the replies.
public enum ChatEvent: Sendable, Equatable {
  /// A message of the own inbox. It waits there until it is confirmed (`ack`).
  case message(IncomingMessage)
  /// A watched user became active or inactive. `at`: ISO 8601 in UTC.
  case presence(user: String, isActive: Bool, at: String)
  /// So much changed at once that only the number of active users is told.
  case presenceSummary(active: Int)
  /// The session was ended elsewhere; `resume` won't work.
  case sessionEnded
  /// The server's process stops: the connection ends soon after this time. Until then another one resumes the session.
  case drain(reconnectAfter: Duration)
  /// The server closes the connection now; `code` is stable and for programs.
  case closing(code: String)
  /// An event of a newer server. Ignore it.
  case unknown(name: String)
}

/// A message that came by itself.
public struct IncomingMessage: Sendable, Equatable {
  /// Account name of the sender: where an answer goes.
  public let sender: String
  /// Display name of the sender.
  public let senderName: String
  /// The text, exactly as the server has it. Escape control characters before it goes to a terminal.
  public let text: String
  /// The same in every delivery of the same message; empty if the server gave none.
  public let id: String
  /// Position in the inbox, from 1; grows by one with every message.
  public let seq: Int
  /// When the server stored it: ISO 8601 in UTC.
  public let at: String
  /// Whether it was shown before, here or elsewhere, without being confirmed.
  public let isRedelivered: Bool
}

extension ChatEvent {
  /// How every reply of Kabar and of the course's servers begins: these need no second look.
  private static let replyPrefix = Array(#"{"status""#.utf8)

  /// The event in a JSON object without its CR LF CR LF; nil if it is a reply (or not JSON: whoever reads the reply will
  /// say so). Throws ``ChatClientError/malformedReply(reason:)`` if a known event lacks what it should hold.
  init?(json: ByteBuffer) throws(ChatClientError) {
    if json.readableBytesView.starts(with: Self.replyPrefix) { return nil }
    let data = Data(json.readableBytesView)
    let decoder = JSONDecoder()
    // A key `event` of any other type than text is no event; neither is anything with a status.
    guard let envelope = try? decoder.decode(Envelope.self, from: data), envelope.status == nil,
      let name = envelope.event
    else { return nil }
    do {
      switch name {
      case "message": self = .message(try decoder.decode(IncomingMessage.self, from: data))
      case "presence":
        let change = try decoder.decode(Presence.self, from: data)
        self = .presence(user: change.user, isActive: change.active, at: change.at ?? "")
      case "presence_summary":
        self = .presenceSummary(active: try decoder.decode(Summary.self, from: data).active)
      case "session_ended": self = .sessionEnded
      case "drain":
        self = .drain(reconnectAfter: .milliseconds(try decoder.decode(Drain.self, from: data).reconnectAfter))
      case "closing": self = .closing(code: (try? decoder.decode(Closing.self, from: data).code) ?? "unknown")
      default: self = .unknown(name: name)
      }
    } catch {
      throw .malformedReply(reason: "the event \"\(name)\" is incomplete")
    }
  }

  private struct Envelope: Decodable {
    let event: String?
    let status: String?
  }

  private struct Presence: Decodable {
    let user: String
    let active: Bool
    let at: String?
  }

  private struct Summary: Decodable {
    let active: Int
  }

  private struct Drain: Decodable {
    let reconnectAfter: Int

    private enum CodingKeys: String, CodingKey {
      case reconnectAfter = "reconnect_after_ms"
    }
  }

  private struct Closing: Decodable {
    let code: String
  }
}

extension IncomingMessage: Decodable {
  private enum CodingKeys: String, CodingKey {
    case from
    case senderName = "msg_from"
    case text = "msg"
    case id, seq, at, redelivered
  }

  /// `id`, `at` and `redelivered` may be missing.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    sender = try fields.decode(String.self, forKey: .from)
    senderName = try fields.decodeIfPresent(String.self, forKey: .senderName) ?? sender
    text = try fields.decode(String.self, forKey: .text)
    id = try fields.decodeIfPresent(String.self, forKey: .id) ?? ""
    seq = try fields.decode(Int.self, forKey: .seq)
    at = try fields.decodeIfPresent(String.self, forKey: .at) ?? ""
    isRedelivered = try fields.decodeIfPresent(Bool.self, forKey: .redelivered) ?? false
  }
}
