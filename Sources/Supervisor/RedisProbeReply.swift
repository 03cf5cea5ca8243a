// Owns: what the bytes that a Redis answered to the probe mean.
// Must never: read a socket.
// Runs on: any thread (a value).

/// The answer to the probe `INFO server` followed by `PING`.
package enum RedisProbeReply: Equatable, Sendable {
  /// More bytes must come.
  case incomplete
  /// Our Redis answers commands.
  case ready
  /// Our Redis is reading its append-only file.
  case loading
  /// Another process answers on this port: nodes must not be let near it.
  case foreign

  /// What is sent: INFO, because it is answered while loading too and names the process; then PING.
  package static let request = "INFO server\r\nPING\r\n"

  /// Reads all bytes answered so far, from the Redis that should have the process id `pid`.
  package init(_ bytes: [UInt8], pid: Int32) {
    let text = String(decoding: bytes, as: UTF8.self)
    // "\r\n" is one Character in Swift, so lines are cut at newlines of any kind.
    guard bytes.last == UInt8(ascii: "\n"), let last = text.split(whereSeparator: \.isNewline).last else {
      self = .incomplete
      return
    }
    let owner = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
    let isOurs = owner.map { $0 == "process_id:\(pid)" }
    switch (last, isOurs) {
    case ("+PONG", true): self = .ready
    case ("+PONG", _): self = .foreign
    case (let line, true) where line.hasPrefix("-LOADING"): self = .loading
    case (let line, false) where line.hasPrefix("-"): self = .foreign
    case (let line, nil) where line.hasPrefix("-LOADING") || line.hasPrefix("-MASTERDOWN"): self = .loading
    case (let line, nil) where line.hasPrefix("-"): self = .foreign
    default: self = .incomplete
    }
  }
}
