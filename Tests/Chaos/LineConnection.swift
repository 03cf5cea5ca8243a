// Owns: one client's connection: lines out, replies in, with a deadline on every wait.
// Must never: repeat or reconnect by itself: what that means is for the caller to record.
// Runs on: the thread of its client.
import Foundation
import Glibc
import TestSupport

/// Why there is no reply.
enum NoReply: Error {
  /// The connection ended.
  case closed
  /// The time is over.
  case late
}

/// A plain client of the course protocol over a non-blocking socket.
final class LineConnection {
  private var descriptor: Int32
  private var input: [UInt8] = []
  /// Bytes of `input` that hold no end of a reply.
  private var searched = 0

  /// Connects; `nil`: nobody listens.
  init?(port: Int) {
    guard let descriptor = LoopbackSocket.connect(port: port) else { return nil }
    self.descriptor = descriptor
  }

  deinit { reset() }

  /// Writes lines in one call, each with CRLF.
  func write(_ lines: [String], until deadline: Int) throws(NoReply) {
    var rest = Array((lines.joined(separator: "\r\n") + "\r\n").utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EAGAIN || errno == ENOTCONN {
        try wait(for: Int16(POLLOUT), until: deadline)
      } else if errno != EINTR {
        throw .closed
      }
    }
  }

  /// The next reply, which ends with CRLF CRLF.
  func reply(until deadline: Int) throws(NoReply) -> WireReply? {
    while true {
      if let end = endOfReply() {
        let reply = WireReply(Data(input[..<end]))
        input.removeFirst(end + 4)
        searched = 0
        return reply
      }
      try read(until: deadline)
    }
  }

  /// Waits until the server closes in order; replies on the way are thrown away.
  func waitForEnd(until deadline: Int) throws(NoReply) {
    do {
      while true { try read(until: deadline) }
    } catch .closed {
      return
    }
  }

  /// FIN: nothing more will be written.
  func shutDownWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes in order.
  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Closes with a reset, as a machine does that lost its connection.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    if descriptor >= 0 {
      setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
    close()
  }

  private func read(until deadline: Int) throws(NoReply) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count > 0 {
        input += buffer[..<count]
        return
      }
      if count == 0 { throw .closed }
      guard errno == EAGAIN || errno == EINTR || errno == ENOTCONN else { throw .closed }
      try wait(for: Int16(POLLIN), until: deadline)
    }
  }

  private func wait(for events: Int16, until deadline: Int) throws(NoReply) {
    let left = deadline - FaultProxy.now()
    guard left > 0 else { throw .late }
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    poll(&entry, 1, Int32(min(left, 1000)))
  }

  private func endOfReply() -> Int? {
    var index = max(searched - 3, 0)
    while index + 3 < input.count {
      if input[index] == 13, input[index + 1] == 10, input[index + 2] == 13, input[index + 3] == 10 { return index }
      index += 1
    }
    searched = input.count
    return nil
  }
}
