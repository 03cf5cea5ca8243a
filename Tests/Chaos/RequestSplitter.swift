// Owns: where one request to Redis ends and the next begins.
// Must never: hold more than one unfinished request beyond what it was given.
// Runs on: the proxy's thread; a pure value.

/// Cuts a stream of RESP requests (arrays of bulk strings) into requests.
struct RequestSplitter {
  private var buffer: [UInt8] = []

  /// The whole requests that end within these bytes, each as its words. `nil`: this is no RESP request.
  mutating func append(_ bytes: some Sequence<UInt8>) -> [[[UInt8]]]? {
    buffer += bytes
    var requests: [[[UInt8]]] = []
    var position = 0
    while position < buffer.count {
      var cursor = Cursor(bytes: buffer, position: position)
      guard let request = cursor.request() else {
        guard !cursor.isBroken else { return nil }
        break
      }
      requests.append(request)
      position = cursor.position
    }
    buffer.removeFirst(position)
    return requests
  }

  /// A request as it stands on the wire.
  static func encode(_ words: [[UInt8]]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + [13, 10] }
    return bytes
  }

  private struct Cursor {
    let bytes: [UInt8]
    var position: Int
    /// No further byte could make this a request.
    var isBroken = false

    mutating func request() -> [[UInt8]]? {
      guard let count = number(after: UInt8(ascii: "*")) else { return nil }
      var words: [[UInt8]] = []
      for _ in 0..<count {
        guard let length = number(after: UInt8(ascii: "$")), bytes.count >= position + length + 2 else { return nil }
        words.append(Array(bytes[position..<position + length]))
        position += length + 2
      }
      return words
    }

    private mutating func number(after mark: UInt8) -> Int? {
      guard position < bytes.count else { return nil }
      guard bytes[position] == mark else {
        isBroken = true
        return nil
      }
      guard let end = bytes[position...].firstIndex(of: 13), end + 1 < bytes.count else { return nil }
      guard let value = Int(String(decoding: bytes[position + 1..<end], as: UTF8.self)), value >= 0 else {
        isBroken = true
        return nil
      }
      position = end + 2
      return value
    }
  }
}
