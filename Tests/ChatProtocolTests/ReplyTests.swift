// Owns: the exact bytes of every reply.
// Must never: accept a change of a key that clients of the course protocol read.
// Runs on: any thread.
import ChatProtocol
import Foundation
import Testing

import enum TestSupport.JSONValue

/// The bytes of a reply without its line ends, which must be there exactly once.
func json(_ reply: Reply) throws -> String {
  var bytes: [UInt8] = []
  reply.encode(into: &bytes)
  let text = try #require(String(validating: bytes, as: UTF8.self), "a reply is UTF-8")
  #expect(bytes.suffix(4) == [13, 10, 13, 10])
  #expect(!bytes.dropLast(4).contains { $0 < 0x20 }, "a reply is one line")
  return String(text.unicodeScalars.dropLast(4))
}

/// The same, decoded by a stranger's decoder.
func decoded(_ reply: Reply) throws -> [String: JSONValue] {
  try JSONDecoder().decode([String: JSONValue].self, from: Data(json(reply).utf8))
}

@Suite struct ReplyTests {
  @Test func `the replies of the classic commands, byte for byte`() throws {
    let token = try #require(SessionToken("0f8fad5b-d9cb-469f-a165-70867728950e"))
    #expect(try json(.loggedIn(token)) == #"{"status":"OK","tokenid":"0f8fad5b-d9cb-469f-a165-70867728950e"}"#)
    #expect(
      try json(.sent(MessageID(origin: 1, number: 33)))
        == #"{"status":"OK","message":"Message Sent","id":"000000000001-11"}"#)
    #expect(
      try json(.sentBefore(id: "m-1"))
        == #"{"status":"OK","message":"Message Sent","id":"m-1","duplicate":true}"#)
    let two = ActiveUsers(names: ["arini", "lineker"], count: 2, isStale: false)
    #expect(
      try json(.activeUsers(two))
        == #"{"status":"OK","message":"arini, lineker, ","users":["arini","lineker"],"count":2}"#)
    let nobody = ActiveUsers(names: [], count: 0, isStale: false)
    #expect(try json(.activeUsers(nobody)) == #"{"status":"OK","message":"","users":[],"count":0}"#)
    #expect(
      try json(.loggedOut) == #"{"status":"OK","messages":"logout success","message":"logout success"}"#)
    #expect(try json(.inbox(page([]))) == #"{"status":"OK","messages":{}}"#)
    let record =
      #"{"from":"lineker","msg_from":"Gary Lineker","msg":"piye kabare?","id":"m-7","at":"2026-11-22T16:04:05.006Z"}"#
    #expect(
      try json(.inbox(page([record], first: 7)))
        == #"{"status":"OK","messages":{"lineker":[{"msg_from":"Gary Lineker","msg_to":"Arini","msg":"piye kabare?","#
        + #""id":"m-7","seq":7,"at":"2026-11-22T16:04:05.006Z"}]}}"#)
  }

  @Test func `the other replies, byte for byte`() throws {
    let active = ActiveUsers(names: ["arini"], count: 1002, isStale: true)
    #expect(
      try json(.activeUsers(active))
        == #"{"status":"OK","message":"arini, ","users":["arini"],"count":1002,"stale":true}"#)
    #expect(
      try json(.watching(active))
        == #"{"status":"OK","message":"watching","users":["arini"],"count":1002,"stale":true}"#)
    let user = try #require(AccountName("arini"))
    #expect(
      try json(.resumed(user, display: JSONString("A \"R\"")))
        == #"{"status":"OK","message":"resumed","user":"arini","name":"A \"R\""}"#)
    #expect(try json(.listening) == #"{"status":"OK","message":"listening"}"#)
    #expect(try json(.notListening) == #"{"status":"OK","message":"not listening"}"#)
    #expect(try json(.unwatched) == #"{"status":"OK","message":"unwatched"}"#)
    #expect(try json(.passwordChanged) == #"{"status":"OK","message":"password changed"}"#)
    #expect(try json(.blocked) == #"{"status":"OK","message":"blocked"}"#)
    #expect(try json(.unblocked) == #"{"status":"OK","message":"unblocked"}"#)
    #expect(try json(.blocks([])) == #"{"status":"OK","message":"nobody","users":[],"count":0}"#)
    #expect(
      try json(.blocks(["arini", "messi"]))
        == #"{"status":"OK","message":"arini, messi","users":["arini","messi"],"count":2}"#)
    #expect(try json(.pong) == #"{"status":"OK","message":"pong"}"#)
    #expect(try json(.bye) == #"{"status":"OK","message":"bye"}"#)
    #expect(
      try json(.help)
        == #"{"status":"OK","message":"auth USER PASSWORD; passwd OLD NEW; [@id=TAG] send [TOKEN] USER TEXT; inbox [TOKEN]; "#
        + #"ack [TOKEN] SEQ [ID]; user_aktif [TOKEN]; block [TOKEN] USER; unblock [TOKEN] USER; blocks [TOKEN]; "#
        + #"logout [TOKEN]; resume TOKEN; listen [TOKEN]; unlisten; "#
        + #"watch *|USER [USER ...]; unwatch [USER ...]; ping; help; quit","#
        + #""commands":["auth USER PASSWORD","passwd OLD NEW","[@id=TAG] send [TOKEN] USER TEXT","#
        + #""inbox [TOKEN]","ack [TOKEN] SEQ [ID]","user_aktif [TOKEN]","block [TOKEN] USER","unblock [TOKEN] USER","#
        + #""blocks [TOKEN]","logout [TOKEN]","#
        + #""resume TOKEN","listen [TOKEN]","unlisten","watch *|USER [USER ...]","unwatch [USER ...]","ping","help","quit"]}"#
    )
    #expect(
      try json(.refused(.authFailed))
        == #"{"status":"ERROR","message":"wrong user name or password","code":"auth_failed"}"#)
    #expect(
      try json(.refused(Refusal(.unknownUser, "a \"b\" \\ c\u{1}")))
        == #"{"status":"ERROR","message":"a \"b\" \\ c\u0001","code":"unknown_user"}"#)
  }

  /// What the clients of the course look at (status, tokenid, message, messages) has the type that they expect.
  @Test func `the classic keys`() throws {
    let token = try #require(SessionToken(random: Array(repeating: 7, count: 16)))
    let record = #"{"from":"lineker","msg_from":"Gary","msg":"x","id":"1","at":""}"#
    let login = try decoded(.loggedIn(token))
    #expect(login["status"] == .text("OK") && login["tokenid"] == .text(token.text))
    #expect(try decoded(.sent(MessageID(origin: 1, number: 1)))["message"] == .text("Message Sent"))
    let active = ActiveUsers(names: ["a", "b"], count: 2, isStale: false)
    #expect(try decoded(.activeUsers(active))["message"] == .text("a, b, "))
    #expect(try decoded(.loggedOut)["messages"] == .text("logout success"))
    guard case .object(let senders) = try decoded(.inbox(page([record])))["messages"],
      case .list(let messages) = senders["lineker"], case .object(let message) = messages.first
    else {
      Issue.record("messages is no object of lists of objects")
      return
    }
    #expect(message["msg_from"] == .text("Gary"))
    #expect(message["msg_to"] == .text("Arini"))
    #expect(message["msg"] == .text("x"))
    for code in Refusal.Code.allCases {
      let reply = try decoded(.refused(Refusal(code, "why")))
      #expect(reply == ["status": .text("ERROR"), "message": .text("why"), "code": .text(code.rawValue)])
    }
  }

  @Test func `a reply is appended to what is there`() {
    var bytes = Array("before".utf8)
    Reply.pong.encode(into: &bytes)
    Reply.bye.encode(into: &bytes)
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == "before{\"status\":\"OK\",\"message\":\"pong\"}\r\n\r\n{\"status\":\"OK\",\"message\":\"bye\"}\r\n\r\n")
  }

  private func page(_ records: [String], first: Int = 1) -> InboxPage {
    InboxPage(
      displayTo: JSONString("Arini"), firstSequence: first,
      records: records.map { MessageRecord(stored: Array($0.utf8)) }, hasMore: false)
  }
}
