// Owns: what holds for any bytes that Redis sends, or somebody in its place.
// Must never: know how hiredis reads them.
// Runs on: any thread.
import NIOCore
import RedisClient

/// Bytes → replies.
enum ReplyProperties {
  /// Small, so that small inputs reach them.
  static let limits = ReplyDecoder.Limits(bytes: 128, elements: 6)

  static func check(_ input: [UInt8]) throws(Finding) {
    let bytes = CutBytes(input)
    let expected = ReferenceReplies(bytes.whole, limits)
    try check(bytes.pieces, expected)
    try check([bytes.whole[...]], expected)
  }

  private static func check(_ pieces: [ArraySlice<UInt8>], _ expected: ReferenceReplies) throws(Finding) {
    guard let decoder = try? ReplyDecoder(limits: limits) else { throw Finding(description: "no decoder") }
    var found: [RedisReply] = []
    var failure: ReplyDecoder.Failure?
    for piece in pieces {
      let (replies, end) = read(decoder, piece)
      if let failure {
        try Finding.unless(replies.isEmpty && end == failure, "dead of \(failure), then \(replies), \(end as Any)")
      }
      found += replies
      failure = end
    }
    if let failure {
      for bytes in ["", "+later\r\n"] {
        let (replies, end) = read(decoder, Array(bytes.utf8)[...])
        try Finding.unless(replies.isEmpty && end == failure, "dead of \(failure), then \(replies), \(end as Any)")
      }
    }
    let known = Array(found.prefix(expected.replies.count))
    try Finding.unless(known == expected.replies, "read \(found), sent \(expected.replies)")
    switch expected.end {
    case .incomplete:
      try Finding.unless(failure == nil && found.count == known.count, "\(failure as Any), \(found)")
    case .refused: try Finding.unless(failure != nil && found.count == known.count, "not refused: \(found)")
    case .unspecified: break
    }
  }

  private static func read(
    _ decoder: ReplyDecoder, _ piece: ArraySlice<UInt8>
  ) -> ([RedisReply], ReplyDecoder.Failure?) {
    var replies: [RedisReply] = []
    do throws(ReplyDecoder.Failure) {
      try decoder.feed(ByteBuffer(bytes: piece))
      while let reply = try decoder.next() { replies.append(reply) }
    } catch {
      return (replies, error)
    }
    return (replies, nil)
  }
}
