// A request to Redis, encoded once when it is made.
// Never knows what the command means.
// Pure value; any thread.

/// One argument of a command.
package enum RedisArgument: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  case text(String)
  case bytes([UInt8])
  case number(Int)

  package init(stringLiteral value: String) { self = .text(value) }

  /// Bytes of its bulk string.
  fileprivate var count: Int {
    switch self {
    case .text(let text): text.utf8.count
    case .bytes(let bytes): bytes.count
    case .number(let number): number.decimalDigits
    }
  }

  fileprivate func append(to bytes: inout [UInt8]) {
    switch self {
    case .text(let text): bytes.append(contentsOf: text.utf8)
    case .bytes(let other): bytes.append(contentsOf: other)
    case .number(let number): bytes.append(decimal: number)
    }
  }
}

/// A command as it goes over the wire.
package struct RedisCommand: Sendable {
  /// When the client may send a command once more by itself.
  package enum Repetition: Sendable {
    /// After a lost connection, and when Redis says that it can't serve for the moment. For all that may be done twice
    /// and in any order.
    case always
    /// After a lost connection only; it then keeps its place in the order.
    case afterLoss
    /// Never: what was written and not answered stays unknown.
    case never
  }

  /// Whether this stores a message: what `minimumReplicas` is about.
  private(set) var isAppend = false
  /// When the client may repeat the command.
  private(set) var repetition = Repetition.always
  /// The RESP form.
  let encoded: [UInt8]
  /// The script that the command runs by its digest, with its keys and arguments: should Redis have forgotten it
  /// (`NOSCRIPT`), the whole text goes.
  private let call: ScriptCall?

  /// A class: few commands have one, and all are passed on.
  private final class ScriptCall: Sendable {
    let script: RedisScript
    let operands: [RedisArgument]

    init(_ script: RedisScript, _ operands: [RedisArgument]) { (self.script, self.operands) = (script, operands) }
  }

  /// A command from its words.
  package init(_ arguments: RedisArgument...) { self.init(arguments) }

  /// A command from its words.
  package init(_ arguments: [RedisArgument]) {
    encoded = Self.encode(arguments, ofAll: arguments.count)
    call = nil
  }

  /// A call of a script, by its digest. Every key that the script touches is declared in `keys`.
  package init(_ script: RedisScript, keys: [String], _ arguments: [RedisArgument] = []) {
    let operands = [.number(keys.count)] + keys.map { .text($0) } + arguments
    let words = ["EVALSHA", .text(script.digest)] + operands
    encoded = Self.encode(words, ofAll: words.count)
    call = ScriptCall(script, operands)
  }

  /// A call of a script by its whole text, for calls that must not lose their place in the order to a `NOSCRIPT`.
  package init(wholeScript script: RedisScript, keys: [String], _ arguments: [RedisArgument] = []) {
    self.init(["EVAL", .text(script.source), .number(keys.count)] + keys.map { .text($0) } + arguments)
  }

  /// The same command, marked as one that stores a message.
  package func appending(_ repetition: Repetition) -> RedisCommand {
    var command = repeated(repetition)
    command.isAppend = true
    return command
  }

  /// The same command with another rule of repetition.
  func repeated(_ repetition: Repetition) -> RedisCommand {
    var command = self
    command.repetition = repetition
    return command
  }

  /// Whether the client may have to send it again, or in another form.
  var mayGoOnceMore: Bool { repetition != .never || call != nil }

  /// The same call with the script's text, which also makes Redis remember it; `nil` if this calls no script.
  var withScriptText: RedisCommand? {
    call.map { RedisCommand(["EVAL", .text($0.script.source)] + $0.operands) }
  }

  /// The first words of an array of `count` bulk strings (RESP, "Sending commands to a Redis server"). hiredis has a function for it
  /// (`redisFormatCommandArgv`), which prints with `vsprintf` and allocates ten times: a fifth of what a message cost. A test
  /// compares the two.
  static func encode(_ arguments: [RedisArgument], ofAll count: Int) -> [UInt8] {
    // A header has at most 24 bytes: `$`, twenty digits, CRLF.
    let capacity = arguments.reduce(24) { $0 + $1.count + 26 }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(capacity)
    bytes.appendHeader("*", count)
    for argument in arguments {
      bytes.appendHeader("$", argument.count)
      argument.append(to: &bytes)
      bytes.appendLineEnd()
    }
    return bytes
  }
}

extension [UInt8] {
  mutating func appendHeader(_ type: Unicode.Scalar, _ count: Int) {
    append(UInt8(ascii: type))
    append(decimal: count)
    appendLineEnd()
  }

  mutating func appendLineEnd() {
    append(UInt8(ascii: "\r"))
    append(UInt8(ascii: "\n"))
  }

  /// The digits of a number, behind a `-` if it is negative.
  fileprivate mutating func append(decimal number: Int) {
    if number < 0 { append(UInt8(ascii: "-")) }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var (place, rest) = (digits.count, number.magnitude)
      repeat {
        place -= 1
        digits[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      append(contentsOf: UnsafeMutableBufferPointer(rebasing: digits[place...]))
    }
  }
}

extension Int {
  /// How many bytes its decimal form has, the sign included.
  fileprivate var decimalDigits: Int {
    var (digits, rest) = (self < 0 ? 2 : 1, magnitude / 10)
    while rest > 0 { (digits, rest) = (digits + 1, rest / 10) }
    return digits
  }
}
