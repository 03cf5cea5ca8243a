// How an operator follows one connection, one request or one message through the log.
// Never a word of what was sent, no password, no token.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import Logging
import NIOCore

extension ConnectionHandler {
  /// How this connection is called in the log of its node: event loop and number.
  var name: String { "\(worker.index)-\(number)" }

  /// At level debug: where it comes from, and that it has ended.
  func traceLife(_ words: String) {
    guard worker.verbosity <= .debug else { return }
    worker.logger.debug("\(words)", metadata: ["connection": "\(name)", "address": "\(remoteAddress)"])
  }

  /// At level trace: what was answered to a command, and after how long.
  func trace(_ reply: Reply, to ticket: ReplyTicket) {
    guard worker.verbosity == .trace else { return }
    var metadata = traceMetadata
    metadata["command"] = "\(ticket.word?.text ?? "invalid")"
    metadata["code"] = "\(reply.refusal?.rawValue ?? "ok")"
    metadata["id"] = reply.messageID.map { "\($0)" }
    if case .inbox(let page) = reply, !page.records.isEmpty {
      metadata["seq"] = "\(page.firstSequence)-\(page.firstSequence + page.records.count - 1)"
      metadata["ids"] = "\(page.records.map(\.id.plain).joined(separator: ","))"
    }
    if case .confirmed(let sequence) = reply { metadata["seq"] = "\(sequence)" }
    let age = NIODeadline.now() - ticket.deadline + worker.configuration.requestTimeout
    metadata["us"] = "\(age.nanoseconds / 1000)"
    worker.logger.trace("answered", metadata: metadata)
  }

  /// At level trace: an event that was written.
  func trace(_ event: Event) {
    guard worker.verbosity == .trace else { return }
    var metadata = traceMetadata
    if case .message(let record, let sequence, _) = event {
      (metadata["id"], metadata["seq"]) = ("\(record.id.plain)", "\(sequence)")
    }
    worker.logger.trace("told", metadata: metadata)
  }

  private var traceMetadata: Logger.Metadata {
    var metadata: Logger.Metadata = ["connection": "\(name)"]
    if let session = binding?.session {
      (metadata["user"], metadata["session"]) = ("\(session.user)", "\(session.id.short)")
    }
    return metadata
  }
}

extension Reply {
  /// The id of the message that it speaks of.
  fileprivate var messageID: String? {
    switch self {
    case .sent(let id): id.text
    case .sentBefore(let id): id
    default: nil
    }
  }
}
