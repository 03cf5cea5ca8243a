// What Redis says of itself: the text of INFO, read into fields.
// Never fails on a line that it does not know: each version of Redis has others.
// Pure value; any thread.

/// The fields of INFO, and of CONFIG GET where Redis lets us ask.
struct RedisInfo {
  private let fields: [Substring: Substring]

  /// Reads lines of the form `name:value`; others are passed over.
  init(_ text: String) {
    var fields: [Substring: Substring] = [:]
    for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon]] = line[line.index(after: colon)...]
    }
    self.fields = fields
  }

  /// A field; `nil` if it is missing.
  func text(_ name: String) -> String? { fields[name[...]].map(String.init) }

  /// A field that is a whole number.
  func number(_ name: String) -> Int? { fields[name[...]].flatMap { Int($0) } }

  /// A field that is `1` or `0`.
  func flag(_ name: String) -> Bool? { number(name).map { $0 != 0 } }

  /// A field that is `ok` or says what went wrong.
  func isOK(_ name: String) -> Bool? { text(name).map { $0 == "ok" } }

  /// The replicas: `slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=0`.
  var replicas: [ReplicaFacts] {
    (0..<(number("connected_slaves") ?? 0)).compactMap { index in
      guard let line = text("slave\(index)") else { return nil }
      var parts: [Substring: Substring] = [:]
      for part in line.split(separator: ",") {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if pair.count == 2 { parts[pair[0]] = pair[1] }
      }
      guard let host = parts["ip"], let port = parts["port"] else { return nil }
      let behind = number("master_repl_offset").flatMap { end in parts["offset"].flatMap { Int($0) }.map { end - $0 } }
      return ReplicaFacts(
        address: "\(host):\(port)", state: parts["state"].map(String.init) ?? "unknown",
        lagSeconds: parts["lag"].flatMap { Int($0) }, behindBytes: behind.map { max(0, $0) })
    }
  }
}
