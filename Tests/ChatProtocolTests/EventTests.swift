// Owns: the exact bytes of every event.
// Must never: accept an event that a client could take for a reply.
// Runs on: any thread.
import ChatProtocol
import Foundation
import Testing

import enum TestSupport.JSONValue

@Suite struct EventTests {
  private static let record = MessageRecord(
    stored: Array(
      #"{"from":"lineker","msg_from":"Gary \"G\" Lineker","msg":"piye\\kabare?","id":"m-7","at":"2026-11-22T16:04:05.006Z"}"#
        .utf8))

  private static let user = AccountName("arini")

  private func json(_ event: Event) throws -> String {
    var bytes: [UInt8] = []
    event.encode(into: &bytes)
    let text = try #require(String(validating: bytes, as: UTF8.self), "an event is UTF-8")
    #expect(bytes.suffix(4) == [13, 10, 13, 10])
    #expect(!bytes.dropLast(4).contains { $0 < 0x20 }, "an event is one line")
    let object = try JSONDecoder().decode([String: JSONValue].self, from: Data(bytes))
    #expect(object["event"] != nil && object["status"] == nil)
    return String(text.unicodeScalars.dropLast(4))
  }

  @Test func `each event, byte for byte`() throws {
    let user = try #require(Self.user)
    #expect(
      try json(.message(Self.record, sequence: 7, isRedelivered: false))
        == #"{"event":"message","seq":7,"id":"m-7","from":"lineker","msg_from":"Gary \"G\" Lineker","#
        + #""msg":"piye\\kabare?","at":"2026-11-22T16:04:05.006Z"}"#)
    #expect(
      try json(.message(Self.record, sequence: 7, isRedelivered: true)).hasSuffix(#"Z","redelivered":true}"#))
    #expect(
      try json(.presence(user, isActive: true, at: "2026-11-22T16:04:05.006Z"))
        == #"{"event":"presence","user":"arini","active":true,"at":"2026-11-22T16:04:05.006Z"}"#)
    #expect(
      try json(.presence(user, isActive: false, at: "2026-11-22T16:04:05.006Z"))
        == #"{"event":"presence","user":"arini","active":false,"at":"2026-11-22T16:04:05.006Z"}"#)
    #expect(try json(.presenceSummary(active: 12)) == #"{"event":"presence_summary","active":12}"#)
    #expect(try json(.sessionEnded) == #"{"event":"session_ended"}"#)
    #expect(try json(.drain(reconnectAfter: 7012)) == #"{"event":"drain","reconnect_after_ms":7012}"#)
    #expect(try json(.closing(.slowConsumer)) == #"{"event":"closing","code":"slow_consumer"}"#)
  }
}
