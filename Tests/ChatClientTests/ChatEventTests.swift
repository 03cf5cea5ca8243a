// Owns: the table of what is an event, and what it holds.
// Must never: open a socket.
// Runs on: any.
import NIOCore
import Testing

@testable import ChatClient

@Suite struct ChatEventTests {
  private func decode(_ json: String) throws -> ChatEvent? { try ChatEvent(json: ByteBuffer(string: json)) }

  static let events: [(String, ChatEvent)] = [
    (
      #"{"event":"message","seq":7,"id":"m","from":"lineker","msg_from":"Gary","msg":"hi","at":"T","redelivered":true}"#,
      .message(
        IncomingMessage(
          sender: "lineker", senderName: "Gary", text: "hi", id: "m", seq: 7, at: "T", isRedelivered: true))
    ),
    (
      #"{"seq":1,"from":"a","msg":"","event":"message","new":[{}]}"#,
      .message(
        IncomingMessage(sender: "a", senderName: "a", text: "", id: "", seq: 1, at: "", isRedelivered: false))
    ),
    (
      #"{"event":"presence","user":"arini","active":true,"at":"T"}"#,
      .presence(user: "arini", isActive: true, at: "T")
    ),
    (#"{"event":"presence","user":"arini","active":false}"#, .presence(user: "arini", isActive: false, at: "")),
    (#"{"event":"presence_summary","active":12}"#, .presenceSummary(active: 12)),
    (#"{"event":"session_ended"}"#, .sessionEnded),
    (#"{"event":"drain","reconnect_after_ms":7012}"#, .drain(reconnectAfter: .milliseconds(7012))),
    (#"{"event":"closing","code":"slow_consumer"}"#, .closing(code: "slow_consumer")),
    (#"{"event":"closing"}"#, .closing(code: "unknown")),
    (#"{"event":"birthday","of":{"nobody":1}}"#, .unknown(name: "birthday")),
  ]

  @Test(arguments: events)
  func anEventHoldsWhatItSays(_ json: String, _ event: ChatEvent) throws {
    #expect(try decode(json) == event)
  }

  @Test(arguments: [
    #"{"status":"OK"}"#, #"{"status":"OK","event":"message"}"#, #"{"event":"message","status":"OK"}"#,
    #"{"message":"OK"}"#, #"{"event":1}"#, #"{"messages":{"event":[]}}"#, "", "[]", "event", "{",
  ])
  func everythingElseIsLeftToWhoeverReadsReplies(_ json: String) throws {
    #expect(try decode(json) == nil)
  }

  @Test(arguments: [
    #"{"event":"message"}"#, #"{"event":"message","seq":"7","from":"a","msg":"b"}"#, #"{"event":"presence"}"#,
    #"{"event":"presence_summary"}"#,
  ])
  func aKnownEventWithoutItsContentEndsTheConnection(_ json: String) {
    #expect(throws: ChatClientError.self) { try decode(json) }
  }
}
