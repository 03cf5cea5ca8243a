// Owns: the table of what is printed for each command and reply.
// Must never: run a program or open a socket.
// Runs on: any.
import NIOCore
import Testing
import kabar

@testable import ChatClient

@Suite struct ChatTranscriptTests {
  static let token = "0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11"
  static let messi = #"{"msg_from":"Lionel Messi","msg_to":"Arini","msg":"one"}"#
  static let third = #"{"msg_from":"B","msg_to":"C","msg":"third","seq":3}"#
  static let seventh = #"{"msg_from":"A","msg_to":"C","msg":"seventh","seq":7}"#
  static let gary = #"{"msg_from":"Gary Lineker","msg_to":"Arini","msg":"piye kabare?"}"#

  private func lines(_ topic: ChatCommand.Topic, _ json: String) throws -> [ChatLine] {
    var transcript = ChatTranscript()
    return transcript.lines(for: topic, reply: try ChatReply(json: ByteBuffer(string: json)))
  }

  static let answers: [(ChatCommand.Topic, String, [ChatLine])] = [
    (.auth(user: "arini"), #"{"status":"OK","tokenid":"T"}"#, [.output("username arini logged in, token: T")]),
    (.send(to: "messi"), #"{"status":"OK","message":"Message Sent"}"#, [.output("message send to messi")]),
    (.inbox, #"{"status":"OK","messages":{}}"#, [.output("the inbox is empty")]),
    (.inbox, #"{"status":"OK","messages":{"messi":[]}}"#, [.output("the inbox is empty")]),
    (
      .inbox, #"{"status":"OK","messages":{"messi":[\#(messi),\#(gary)],"lineker":[\#(gary)]}}"#,
      [
        .output("Gary Lineker -> Arini: piye kabare?"), .output("Lionel Messi -> Arini: one"),
        .output("Gary Lineker -> Arini: piye kabare?"),
      ]
    ),
    (
      .inbox, #"{"status":"OK","messages":{"a":[\#(seventh)],"b":[\#(third)]},"more":true}"#,
      [.output("B -> C: third"), .output("A -> C: seventh"), .output("more messages wait: type inbox again")]
    ),
    (
      .activeUsers, #"{"status":"OK","message":"a, b, ","users":["a","b"],"count":2}"#,
      [.output("user aktif: a, b")]
    ),
    (.activeUsers, #"{"status":"OK","users":["a","b"],"count":1002}"#, [.output("user aktif: a, b and 1000 more")]),
    (.activeUsers, #"{"status":"OK","message":"a, b, "}"#, [.output("user aktif: a, b, ")]),
    (.logout, #"{"status":"OK","messages":"logout success"}"#, [.output("logout success")]),
    (.other, #"{"status":"OK","message":"pong"}"#, [.output("pong")]),
    (.other, #"{"status":"OK"}"#, [.output("OK")]),
  ]

  @Test(arguments: answers)
  func worked(_ topic: ChatCommand.Topic, _ json: String, _ expected: [ChatLine]) throws {
    #expect(try lines(topic, json) == expected)
  }

  @Test(arguments: [.auth(user: "a"), .send(to: "a"), .inbox, .activeUsers, .logout, .other] as [ChatCommand.Topic])
  func refused(_ topic: ChatCommand.Topic) throws {
    let withCode = #"{"status":"ERROR","message":"no such user","code":"unknown_user"}"#
    #expect(try lines(topic, withCode) == [.error("error: no such user (unknown_user)")])
    #expect(try lines(topic, #"{"status":"ERROR","message":"no"}"#) == [.error("error: no")])
  }

  @Test(arguments: [.auth(user: "a"), .inbox, .activeUsers] as [ChatCommand.Topic])
  func incomplete(_ topic: ChatCommand.Topic) throws {
    let printed = try lines(topic, #"{"status":"OK"}"#)
    guard case .error(let text) = printed.first, printed.count == 1 else {
      Issue.record("not an error: \(printed)")
      return
    }
    #expect(text.hasSuffix(" (malformed_reply)"))
  }

  @Test func tokenIsRememberedUntilLogout() throws {
    var transcript = ChatTranscript()
    func answer(_ typed: String, _ json: String) throws {
      guard case .request(_, let topic) = transcript.command(typed: typed) else {
        Issue.record("\(typed) is no request")
        return
      }
      _ = transcript.lines(for: topic, reply: try ChatReply(json: ByteBuffer(string: json)))
    }
    try answer("auth arini no", #"{"status":"ERROR","message":"no"}"#)
    #expect(transcript.token == nil)
    try answer("auth arini hehe", #"{"status":"OK","tokenid":"\#(Self.token)"}"#)
    #expect(transcript.command(typed: "inbox") == .request(line: "inbox \(Self.token)", .inbox))
    try answer("logout", #"{"status":"ERROR","message":"later"}"#)
    #expect(transcript.token == Self.token)
    try answer("logout", #"{"status":"OK","messages":"logout success"}"#)
    #expect(transcript.command(typed: "inbox") == .request(line: "inbox", .inbox))
  }

  static let errorLines: [(ChatClientError, String)] = [
    (ChatClientError.notSent(reason: "why"), "error: why (not_sent)"),
    (.couldNotConnect(reason: "why"), "error: why (could_not_connect)"),
    (.connectionClosed, "error: the server closed the connection (connection_closed)"),
    (.timedOut, "error: the server did not answer in time (timed_out)"),
    (.refused(code: "a\u{1B}c", message: "b\u{7}"), "error: b\\u{7} (a\\u{1b}c)"),
  ]

  @Test(arguments: errorLines)
  func errors(_ error: ChatClientError, _ line: String) {
    #expect(ChatTranscript.line(for: error) == .error(line))
  }

  static let texts: [(String, String)] = [
    ("plain ünïcode 😀👩‍👩‍👧 \\n", "plain ünïcode 😀👩‍👩‍👧 \\n"),
    ("a\nb\r\tc", "a\\nb\\r\\tc"),
    ("\u{1B}[2J\u{1B}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
    ("\0\u{8}\u{7F}\u{9B}31m\u{85}", "\\u{0}\\u{8}\\u{7f}\\u{9b}31m\\u{85}"),
    ("\u{2028}\u{2029}\u{202E}txt\u{2066}\u{200F}", "\\u{2028}\\u{2029}\\u{202e}txt\\u{2066}\\u{200f}"),
    ("\r\n", "\\r\\n"),
  ]

  @Test(arguments: texts)
  func noCharacterDrivesTheTerminal(_ text: String, _ safe: String) throws {
    #expect(ChatTranscript.safe(text) == safe)
  }

  @Test func everyWordOfTheServerIsEscaped() throws {
    let evil = #"x\u001b[2J"#
    let evilMessage = #"{"msg_from":"\#(evil)","msg_to":"\#(evil)","msg":"\#(evil)"}"#
    let replies: [(ChatCommand.Topic, String)] = [
      (.auth(user: "\u{1B}"), #"{"status":"OK","tokenid":"\#(evil)"}"#),
      (.send(to: "\u{1B}"), #"{"status":"OK"}"#),
      (.inbox, #"{"status":"OK","messages":{"\#(evil)":[\#(evilMessage)]}}"#),
      (.activeUsers, #"{"status":"OK","users":["\#(evil)"]}"#),
      (.activeUsers, #"{"status":"OK","message":"\#(evil)"}"#),
      (.other, #"{"status":"\#(evil)","message":"\#(evil)","code":"\#(evil)"}"#),
      (.other, #"{"status":"OK","message":"\#(evil)"}"#),
    ]
    for (topic, json) in replies {
      for line in try lines(topic, json) {
        let text =
          switch line {
          case .output(let text), .error(let text): text
          }
        #expect(text.contains("\\u{1b}"))
        #expect(!text.unicodeScalars.contains("\u{1B}"))
      }
    }
  }
}
