// Owns: proof that every stored element, whoever wrote it, is shown and leaves the reply readable.
// Must never: check JSON with the code that wrote it: JSONDecoder is the judge.
// Runs on: any thread.
import Foundation
import Testing

import enum TestSupport.JSONValue
import struct TestSupport.SeededGenerator

@testable import ChatProtocol

@Suite struct MessageRecordTests {
  private func checked(_ text: String) -> MessageText {
    let bytes = Array(text.utf8)
    return MessageText(checked: bytes.span)
  }

  private func page(_ stored: [[UInt8]]) -> InboxPage {
    InboxPage(
      displayTo: JSONString("A \"rini\" \\"), firstSequence: 1, records: stored.map { MessageRecord(stored: $0) },
      hasMore: false)
  }

  /// Sender and message of the only element, as a client decodes them.
  private func shown(_ stored: [UInt8]) throws -> (sender: String, message: [String: JSONValue]) {
    guard case .object(let senders) = try decoded(.inbox(page([stored])))["messages"], let sender = senders.first,
      senders.count == 1, case .list(let messages) = sender.value, messages.count == 1,
      case .object(let message) = messages[0]
    else { throw CocoaError(.coderReadCorrupt) }
    return (sender.key, message)
  }

  /// `q3v9k1d0w7xz-1f`
  private let id = MessageID(
    origin: 0b10111_00011_11011_01001_10011_00001_01101_00000_11100_00111_11101_11111, number: 47)

  @Test(
    arguments: [
      "piye kabare?", "\"", "\\", "\\\"", "\\u0041", "a\\", "</script>", "'", "🙂", "👩‍👩‍👧‍👦", "e\u{301}", "שלום",
      "\u{202E}rtl\u{202C}",
      "مرحبا بالعالم", "\u{2028}\u{2029}", "\u{FEFF}x", "\u{FFFD}", "\u{FFFF}", "\u{10FFFF}",
      "\"id\":\"q3v9k1d0w7xz-1f\"", "{}",
      String(repeating: "\"", count: 4096), String(repeating: "🙂", count: 1024),
    ])
  func `a text comes back as it went in`(text: String) throws {
    let from = try #require(AccountName("lineker"))
    var stored: [UInt8] = []
    let head = MessageRecord.Head(from: from, displayFrom: JSONString("Gary \"L\" \\"))
    MessageRecord.encode(head, text: checked(text), id: id, at: "2026-11-22T16:04:05.006Z", into: &stored)
    let (sender, message) = try shown(stored)
    #expect(sender == "lineker")
    #expect(
      message == [
        "msg_from": .text("Gary \"L\" \\"), "msg_to": .text("A \"rini\" \\"), "msg": .text(text), "id": .text(id.text),
        "seq": .number(1), "at": .text("2026-11-22T16:04:05.006Z"),
      ])
    #expect(message["msg"]?.text.map { Array($0.utf8) } == Array(text.utf8), "not normalized")
    // The mark is found in the element once, whatever the text says.
    let mark = MessageRecord(stored: stored).mark
    #expect(mark == Array("\"id\":\"\(id.text)\"".utf8))
    let places = stored.indices.filter { stored[$0...].starts(with: mark) }
    #expect(places.count == 1)
  }

  @Test func `the stored form, byte for byte`() throws {
    let from = try #require(AccountName("lineker"))
    let head = MessageRecord.Head(from: from, displayFrom: JSONString("Gary Lineker"))
    var stored: [UInt8] = []
    MessageRecord.encode(head, text: checked("a \"b\" \\ 🙂"), id: id, at: "2026-11-22T16:04:05.006Z", into: &stored)
    #expect(
      String(decoding: stored, as: UTF8.self)
        == #"{"from":"lineker","msg_from":"Gary Lineker","msg":"a \"b\" \\ 🙂","id":"q3v9k1d0w7xz-1f","at":"2026-11-22T16:04:05.006Z"}"#
    )
  }

  /// Objects that another program wrote with other spaces, orders and escapes.
  @Test(
    arguments: [
      (" { \"from\" : \"bot\" ,\n\t\"msg\":\r\"hi\" } ", "bot", "hi", "bot", ""),
      (#"{"msg":"hi","from":"bot","msg_from":"The Bot","id":"7","more":"ignored"}"#, "bot", "hi", "The Bot", "7"),
      (#"{"from":"bot","msg":"\u00e9\n\/\ud83d\ude42"}"#, "bot", "é\n/🙂", "bot", ""),
      (#"{"from":"bot","msg":""}"#, "bot", "", "bot", ""),
      // Of a member that stands twice, the first counts.
      (#"{"from":"bot","msg":"one","msg":"two","from":"x"}"#, "bot", "one", "bot", ""),
    ])
  func `a foreign object with the members of a message is one`(
    stored: String, from: String, text: String, display: String, id: String
  ) throws {
    let (sender, message) = try shown(Array(stored.utf8))
    #expect(sender == from)
    #expect(message["msg"] == .text(text))
    #expect(message["msg_from"] == .text(display))
    #expect(message["id"] == .text(id))
  }

  @Test(
    arguments: [
      "hello", "", "null", "[]", "{}", "\"x\"", "42", "{", "{\"from\"", "{\"from\":", "{\"from\":\"", "{\"from\":\"a\\",
      "{\"from\":\"a\\u00", #"{"from":"a","msg":"b"}x"#, #"{"from":"a","msg":"b",}"#, #"{"from":"a" "msg":"b"}"#,
      #"{"from":"a"}"#, #"{"msg":"b"}"#, #"{"from":"a","msg":7}"#, #"{"from":"a","msg":null}"#,
      #"{"from":"a","msg":{"text":"b"}}"#, #"{"from":"a","msg":["b"]}"#, #"{"from":"a","msg":"b","n":1}"#,
      #"{"from":"a","msg":"\x"}"#, #"{"from":"a","msg":"\u12g4"}"#, #"{'from':'a','msg':'b'}"#,
      "{\"from\":\"a\",\"msg\":\"line\nbreak\"}", "{\"from\":\"a\",\"msg\":\"\u{0}\"}",
      "a\r\n\r\nb", "\u{1}\u{1F}\u{7F}",
      // Half a pair of surrogates is JSON by its grammar, but strict decoders refuse the whole reply for it.
      #"{"from":"a","msg":"\ud800"}"#, #"{"from":"a","msg":"\udc00"}"#, #"{"from":"a","msg":"\ud83dx\ude42"}"#,
      #"{"from":"a","msg":"\ud83d\ud83d\ude42"}"#, #"{"from":"a","msg":"\uD83D\u0041"}"#,
      #"{"from":"\udfff","msg":"b"}"#,
      #"{"from":"a","msg":"b","other":"\ud800"}"#, #"{"from":"a","msg":"\ud83d"#, #"{"from":"a","msg":"\ud83d\u"}"#,
      // Two spellings of one sender would be two equal keys in the reply, and decoders keep only one of them.
      #"{"from":"\u0061","msg":"b"}"#, #"{"from":"é","msg":"b"}"#,
    ])
  func `anything else is shown whole, from ?`(stored: String) throws {
    let (sender, message) = try shown(Array(stored.utf8))
    #expect(sender == "?")
    #expect(message["msg"]?.text.map { Array($0.utf8) } == Array(stored.utf8))
    #expect(message["msg_from"] == .text("?"))
    #expect(message["id"] == .text("") && message["at"] == .text(""))
    #expect(MessageRecord(stored: Array(stored.utf8)).mark == Array(stored.utf8))
  }

  @Test func `broken UTF-8 is repaired to be shown, and known again as it is stored`() throws {
    let stored = Array(#"{"from":"a","msg":""#.utf8) + [0xFF, 0xC0, 0x80] + Array(#""}"#.utf8)
    let (sender, message) = try shown(stored)
    #expect(sender == "?")
    #expect(message["msg"]?.text?.contains("\u{FFFD}") == true)
    #expect(MessageRecord(stored: stored).mark == stored)
  }

  @Test func `random changes of a record never break the reply`() throws {
    var random = SeededGenerator(seed: 7)
    let record = Array(#"{"from":"a","msg_from":"B","msg":"x\n\ud83d\ude42é","id":"1","at":"2026"}"#.utf8)
    for _ in 0..<3000 {
      var stored = record
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<stored.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: stored[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: stored.remove(at: place)
        default: stored.insert(record.randomElement(using: &random) ?? 0, at: place)
        }
      }
      do { _ = try shown(stored) } catch { Issue.record("\(String(decoding: stored, as: UTF8.self)): \(error)") }
    }
  }
}
