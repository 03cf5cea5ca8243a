// Owns: a stand-in for a Kabar node's inbox in scripted tests: it shows what is not confirmed, once per connection.
// Must never: be taken for the real rules; the scenario tests meet those.
// Runs on: any thread.
import Synchronization

/// Answers `auth`, `resume`, `listen`, `ack`, `watch`, `ping`, `quit` and tagged sends as a node does.
final class StandInInbox: Sendable {
  static let token = "0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11"

  private let state: Mutex<(messages: Int, confirmed: Int, shown: Int, tags: [String])>

  /// - Parameter messages: how many wait; their texts are their numbers.
  init(messages: Int = 0) {
    state = Mutex((messages, 0, 0, []))
  }

  var confirmed: Int { state.withLock { $0.confirmed } }
  /// The tags of the sends that were stored.
  var stored: [String] { state.withLock { $0.tags } }

  func answer(_ line: String) -> [ScriptedServer.Step] {
    let words = line.split(separator: " ").map(String.init)
    switch words.first {
    case "auth": return [.reply(#"{"status":"OK","tokenid":"\#(Self.token)"}"#)]
    case "resume": return [.reply(#"{"status":"OK","message":"resumed","user":"arini","name":"Arini"}"#)]
    case "listen": return [.reply(#"{"status":"OK","message":"listening"}"#)] + show()
    case "ack": return [.reply(confirm(Int(words[1]) ?? 0))]
    case "watch":
      return [.reply(#"{"status":"OK","message":"watching","users":["messi"],"count":1}"#)]
    case "quit": return [.reply(#"{"status":"OK","message":"bye"}"#), .close]
    case let word? where word.hasPrefix("@id="):
      return [.reply(#"{"status":"OK","message":"Message Sent","id":"s","duplicate":\#(!store(tag: word))}"#)]
    default: return [.reply(#"{"status":"OK","message":"\#(line)"}"#)]
    }
  }

  /// The event of a message.
  static func event(_ seq: Int, isRedelivered: Bool = false) -> String {
    let fields = #""seq":\#(seq),"id":"m\#(seq)","from":"lineker","msg_from":"Gary Lineker","msg":"\#(seq)","at":"T""#
    return #"{"event":"message",\#(fields)\#(isRedelivered ? #","redelivered":true"# : "")}"#
  }

  /// True if the tag is new.
  func store(tag: String) -> Bool {
    state.withLock { state in
      guard !state.tags.contains(tag) else { return false }
      state.tags.append(tag)
      return true
    }
  }

  private func show() -> [ScriptedServer.Step] {
    state.withLock { state in
      guard state.confirmed < state.messages else { return [] }
      let events = (state.confirmed + 1...state.messages).map { seq in
        Self.event(seq, isRedelivered: seq <= state.shown) + "\r\n\r\n"
      }
      state.shown = state.messages
      return [.text(events.joined())]
    }
  }

  private func confirm(_ seq: Int) -> String {
    state.withLock { state in
      state.confirmed = max(state.confirmed, seq)
      return #"{"status":"OK","message":"confirmed","seq":\#(state.confirmed)}"#
    }
  }
}
