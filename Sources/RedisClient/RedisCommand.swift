// A request to Redis, encoded once with hiredis when it is made.
// Never knows what the command means, never keeps memory of hiredis.
// Pure value; any thread.

import CHiredis
import NIOCore

/// One argument of a command.
package enum RedisArgument: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  case text(String)
  case bytes([UInt8])
  case number(Int)

  package init(stringLiteral value: String) { self = .text(value) }

  fileprivate func append(to bytes: inout [UInt8]) {
    switch self {
    case .text(let text): bytes.append(contentsOf: text.utf8)
    case .bytes(let other): bytes.append(contentsOf: other)
    case .number(let number): bytes.append(contentsOf: String(number).utf8)
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
  let encoded: ByteBuffer
  /// The script that the command runs by its digest, with its keys and arguments: should Redis have forgotten it
  /// (`NOSCRIPT`), the whole text goes.
  private let call: ScriptCall?

  private struct ScriptCall: Sendable {
    let script: RedisScript
    let operands: [RedisArgument]
  }

  /// A command from its words.
  package init(_ arguments: RedisArgument...) { self.init(arguments) }

  /// A command from its words.
  package init(_ arguments: [RedisArgument]) {
    encoded = Self.encode(arguments)
    call = nil
  }

  /// A call of a script, by its digest. Every key that the script touches is declared in `keys`.
  package init(_ script: RedisScript, keys: [String], _ arguments: [RedisArgument] = []) {
    let operands = [.number(keys.count)] + keys.map { .text($0) } + arguments
    encoded = Self.encode(["EVALSHA", .text(script.digest)] + operands)
    call = ScriptCall(script: script, operands: operands)
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

  /// The same call with the script's text, which also makes Redis remember it; `nil` if this calls no script.
  var withScriptText: RedisCommand? {
    call.map { RedisCommand(["EVAL", .text($0.script.source)] + $0.operands) }
  }

  private static func encode(_ arguments: [RedisArgument]) -> ByteBuffer {
    var bytes: [UInt8] = []
    var lengths: [Int] = []
    lengths.reserveCapacity(arguments.count)
    for argument in arguments {
      let start = bytes.count
      argument.append(to: &bytes)
      lengths.append(bytes.count - start)
    }
    return bytes.withUnsafeBytes { flat in
      var start = 0
      let pointers = lengths.map { length -> UnsafePointer<CChar>? in
        defer { start += length }
        return flat.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self)
      }
      return format(pointers, lengths)
    }
  }

  private static func format(_ pointers: [UnsafePointer<CChar>?], _ lengths: [Int]) -> ByteBuffer {
    var target: UnsafeMutablePointer<CChar>?
    var pointers = pointers
    let count = redisFormatCommandArgv(&target, Int32(pointers.count), &pointers, lengths)
    guard count >= 0, let target else { preconditionFailure("out of memory while encoding a Redis command") }
    defer { redisFreeCommand(target) }
    return ByteBuffer(bytes: UnsafeRawBufferPointer(start: target, count: Int(count)))
  }
}
