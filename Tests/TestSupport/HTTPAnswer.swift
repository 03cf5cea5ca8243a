// Owns: one request by HTTP, as curl would make it.
// Never: more of HTTP than a test needs.
// Runs on: any thread; one test owns it.
import Foundation

/// What a web server answered.
public struct HTTPAnswer {
  /// 200, 404, …; 0 if the connection was closed without an answer.
  public let status: Int
  /// All header lines.
  public let head: String
  /// What follows them.
  public let body: String

  /// Asks 127.0.0.1 and reads until the server closes.
  public init(port: Int, _ path: String, method: String = "GET", headers: String = "") throws {
    let socket = try TCPSocket(port: port)
    defer { socket.close() }
    try socket.write("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n".utf8)
    var bytes: [UInt8] = []
    while let more = try? socket.read(), !more.isEmpty { bytes += more }
    let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")
    head = parts.first ?? ""
    body = parts.dropFirst().joined(separator: "\r\n\r\n")
    status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
  }
}
