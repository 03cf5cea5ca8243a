// Owns: proof that every reply of the protocol decodes, and that what isn't one is named.
// Must never: open a socket.
// Runs on: any.
import NIOCore
import Testing

@testable import ChatClient

@Suite struct ChatReplyTests {
  private func decode(_ json: String) throws -> ChatReply {
    try ChatReply(json: ByteBuffer(string: json))
  }

  @Test func auth() throws {
    let reply = try decode(#"{"status":"OK","tokenid":"0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11"}"#)
    #expect(reply.isOK)
    #expect(reply.tokenid == "0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11")
  }

  @Test func inboxKeepsOrderAndText() throws {
    let reply = try decode(
      #"""
      {"status":"OK","messages":{"lineker":[
        {"msg_from":"Gary Lineker","msg_to":"Arini","msg":"piye\n\u001b[2J 😀",
         "id":"m7","seq":7,"at":"2026-01-02T03:04:05Z"},
        {"msg_from":"Gary Lineker","msg_to":"Arini","msg":"two"}]}}
      """#)
    guard case .inbox(let inbox) = reply.messages, let messages = inbox["lineker"] else {
      Issue.record("not an inbox: \(reply)")
      return
    }
    #expect(messages.map(\.text) == ["piye\n\u{1B}[2J 😀", "two"])
    #expect(messages.map(\.seq) == [7, nil])
    #expect(messages.first?.id == "m7")
    #expect(messages.first?.at == "2026-01-02T03:04:05Z")
    #expect(messages.allSatisfy { $0.from == "Gary Lineker" && $0.to == "Arini" })
  }

  @Test func emptyInboxAndLogoutDifferByShape() throws {
    #expect(try decode(#"{"status":"OK","messages":{}}"#).messages == .inbox([:]))
    #expect(
      try decode(#"{"status":"OK","messages":"logout success","message":"logout success"}"#).messages
        == .text("logout success"))
  }

  @Test func usersAndUnknownKeys() throws {
    let reply = try decode(#"{"status":"OK","message":"a, b, ","users":["a","b"],"count":3,"stale":true}"#)
    #expect(reply.users == ["a", "b"])
    #expect(reply.count == 3)
    #expect(reply.message == "a, b, ")
  }

  @Test func refusalIsThrownByAccepted() throws {
    let reply = try decode(#"{"status":"ERROR","message":"no such user","code":"unknown_user"}"#)
    #expect(throws: ChatClientError.refused(code: "unknown_user", message: "no such user")) {
      try reply.accepted()
    }
  }

  static let malformedReplies: [(String, String)] = [
    ("", "not JSON"), ("{", "not JSON"), ("hello", "not JSON"), ("{\"status\":\"OK\"}{}", "not JSON"),
    ("[]", "not a JSON object"), ("{}", "\"status\" is missing"),
    (#"{"status":1}"#, "\"status\" has an unexpected type"),
    (#"{"status":"OK","messages":[1]}"#, "\"messages\" has an unexpected type"),
    (#"{"status":"OK","messages":{"a":[{"msg_from":"A","msg_to":"B"}]}}"#, "\"msg\" is missing"),
    (#"{"status":"OK","count":"many"}"#, "\"count\" has an unexpected type"),
  ]

  @Test(arguments: malformedReplies)
  func malformed(_ json: String, _ reason: String) {
    #expect(throws: ChatClientError.malformedReply(reason: reason)) { try decode(json) }
  }
}
