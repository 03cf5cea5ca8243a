// How an event of the log becomes a line: logfmt for people and grep, or JSON for programs.
// Never more than one line for an event, whatever its words are.
// Pure functions; any thread.

import ArgumentParser
import ChatProtocol
import Foundation
import Logging

/// The forms of a log line. Both hold the same: `time` (RFC 3339, UTC), `level`, `msg`, and the metadata by name.
enum LogFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// logfmt (brandur.org/logfmt): `time=… level=notice msg=ready node=n1`; words with spaces in double quotes.
  case text
  /// A JSON object on a line.
  case json

  /// One line with its end.
  func line(at time: String, _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata) -> String {
    var fields = [("time", time), ("level", level.rawValue), ("msg", message)]
    fields += metadata.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    switch self {
    case .text: return fields.map { "\($0.0)=\(Self.word($0.1))" }.joined(separator: " ") + "\n"
    case .json:
      var bytes: [UInt8] = []
      for (name, value) in fields {
        bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
        bytes.appendJSON(string: name)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendJSON(string: value)
      }
      return String(decoding: bytes, as: UTF8.self) + "}\n"
    }
  }

  /// A value as it is, or in quotes if it would not be one word else.
  private static func word(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
    if isPlain { return text }
    var bytes: [UInt8] = []
    bytes.appendJSON(string: text)
    return String(decoding: bytes, as: UTF8.self)
  }
}
