// Turns bytes from Redis into replies, with hiredis's reader.
// Never passes memory of hiredis on, never lets a reply grow past its caps, is dead after its first error.
// On the event loop of its connection only.

import CHiredis
import NIOCore

/// The reading half of the RESP codec.
package final class ReplyDecoder {
  /// How large one reply may be.
  package struct Limits: Sendable {
    /// Bytes on the wire.
    package var bytes: Int
    /// Elements of one array.
    package var elements: Int

    package init(bytes: Int = 64 << 20, elements: Int = 1 << 20) {
      (self.bytes, self.elements) = (bytes, elements)
    }
  }

  /// The stream can't be read on: the connection must end.
  package enum Failure: Error, Equatable {
    case malformed(String)
    case tooLarge
    case outOfMemory
  }

  private let limits: Limits
  private let state: UnsafeMutablePointer<kabar_reader>
  /// Bytes fed since the last complete reply: hiredis itself would collect for ever.
  private var pendingBytes = 0
  private var dead: Failure?

  package init(limits: Limits = Limits()) throws(Failure) {
    guard let state = kabar_reader_new(Int64(limits.elements)) else { throw .outOfMemory }
    self.state = state
    self.limits = limits
  }

  deinit { kabar_reader_free(state) }

  /// Adds what arrived.
  package func feed(_ bytes: ByteBuffer) throws(Failure) {
    if let dead { throw dead }
    pendingBytes += bytes.readableBytes
    let status = bytes.withUnsafeReadableBytes { part in
      redisReaderFeed(state.pointee.reader, part.baseAddress?.assumingMemoryBound(to: CChar.self), part.count)
    }
    if status != REDIS_OK { throw die(of: failure()) }
  }

  /// The next complete reply; `nil` when more bytes are needed.
  package func next() throws(Failure) -> RedisReply? {
    if let dead { throw dead }
    var object: UnsafeMutableRawPointer?
    guard redisReaderGetReply(state.pointee.reader, &object) == REDIS_OK else { throw die(of: failure()) }
    guard let object else {
      if pendingBytes > limits.bytes { throw die(of: .tooLarge) }
      return nil
    }
    defer { kabar_reply_free(state, object) }
    let reader = state.pointee.reader.pointee
    let unread = Int(reader.len - reader.pos)
    if pendingBytes - unread > limits.bytes { throw die(of: .tooLarge) }
    pendingBytes = unread
    return RedisReply(object.assumingMemoryBound(to: redisReply.self).pointee)
  }

  /// hiredis remembers its own errors only.
  private func die(of failure: Failure) -> Failure {
    dead = failure
    return failure
  }

  private func failure() -> Failure {
    let reader = state.pointee.reader
    // A refused array looks to hiredis like memory that could not be had.
    if reader?.pointee.err == REDIS_ERR_OOM { return .tooLarge }
    let text = reader.map { reader in
      withUnsafeBytes(of: &reader.pointee.errstr) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return .malformed(text ?? "")
  }
}

extension RedisReply {
  /// Copies a reply tree of hiredis. Its depth is bounded by the shim (`KABAR_MAX_DEPTH`).
  fileprivate init(_ reply: redisReply) {
    switch reply.type {
    case REDIS_REPLY_INTEGER: self = .integer(Int(reply.integer))
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = .bytes(Array(reply.content))
    case REDIS_REPLY_ERROR:
      self = .error(RedisServerError(message: String(decoding: reply.content, as: UTF8.self)))
    case REDIS_REPLY_ARRAY:
      let children = UnsafeBufferPointer(start: reply.element, count: Int(reply.elements))
      self = .array(children.map { child in child.map { RedisReply($0.pointee) } ?? .null })
    default: self = .null
    }
  }
}

extension redisReply {
  fileprivate var content: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: str, count: Int(len)) }
}
