// Owns: what a reply or an event of a node says, as far as the chaos clients look at it.
// Must never: share code with the node.
// Runs on: any thread; a pure value.
import Foundation

/// One reply.
struct WireReply: Decodable {
  let isOK: Bool
  /// What kind of event this is; `nil` for a reply.
  let event: String?
  /// The message of an event.
  let pushed: View.Message?
  let code: String?
  let id: String?
  let token: String?
  /// To `ack`.
  let sequence: Int?
  let isDuplicate: Bool
  let hasMore: Bool
  /// The messages of an inbox by the account of their sender; `nil` in any other reply.
  let messages: [String: [Item]]?

  /// A message of an inbox.
  struct Item: Decodable {
    let msg: String
    let id: String
    let seq: Int
    let redelivered: Bool?
  }

  private enum CodingKeys: String, CodingKey {
    case status, event, code, id, tokenid, seq, duplicate, more, messages, from, msg, redelivered
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    event = try container.decodeIfPresent(String.self, forKey: .event)
    isOK = event == nil ? try container.decode(String.self, forKey: .status) == "OK" : false
    code = try container.decodeIfPresent(String.self, forKey: .code)
    id = try container.decodeIfPresent(String.self, forKey: .id)
    token = try container.decodeIfPresent(String.self, forKey: .tokenid)
    sequence = try container.decodeIfPresent(Int.self, forKey: .seq)
    isDuplicate = try container.decodeIfPresent(Bool.self, forKey: .duplicate) ?? false
    hasMore = try container.decodeIfPresent(Bool.self, forKey: .more) ?? false
    messages = event == nil ? try? container.decodeIfPresent([String: [Item]].self, forKey: .messages) : nil
    if event == "message" {
      pushed = View.Message(
        sender: try container.decode(String.self, forKey: .from),
        number: MessageText.number(in: try container.decode(String.self, forKey: .msg)),
        id: try container.decode(String.self, forKey: .id), sequence: try container.decode(Int.self, forKey: .seq),
        isRedelivered: try container.decodeIfPresent(Bool.self, forKey: .redelivered) ?? false)
    } else {
      pushed = nil
    }
  }

  /// `nil` if these bytes are no reply.
  init?(_ json: Data) {
    guard let reply = try? JSONDecoder().decode(WireReply.self, from: json) else { return nil }
    self = reply
  }

  /// The messages in the order of `seq`.
  func inbox() -> [View.Message] {
    (messages ?? [:]).flatMap { sender, items in
      items.map {
        View.Message(
          sender: sender, number: MessageText.number(in: $0.msg), id: $0.id, sequence: $0.seq,
          isRedelivered: $0.redelivered ?? false)
      }
    }.sorted { $0.sequence < $1.sequence }
  }
}

/// The text of a chaos message: its number, and something to carry.
enum MessageText {
  static func text(_ number: Int) -> String { "no \(number) apa kabar, piye kabare?" }

  static func number(in text: String) -> Int? {
    let words = text.split(separator: " ")
    return words.count > 1 && words[0] == "no" ? Int(words[1]) : nil
  }
}
