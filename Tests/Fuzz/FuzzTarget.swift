// Owns: the list of what is fuzzed: the name, the properties, where to start from.
// Must never: know libFuzzer: the same properties run in the ordinary tests, over the seeds and over all that was found.
// Runs on: any thread; a value.

/// A parser of bytes that strangers send.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// Bytes of a client: lines, then commands.
  case lines
  /// Bytes of a client on a WebSocket: frames, then messages.
  case frames
  /// Bytes of Redis: replies.
  case replies
  /// The first bytes of a connection from a trusted proxy.
  case proxy

  /// Throws if a property does not hold for the input; traps where the code under test does.
  public func check(_ input: [UInt8]) throws(Finding) {
    switch self {
    case .lines: try LineProperties.check(input)
    case .frames: try FrameProperties.check(input)
    case .replies: try ReplyProperties.check(input)
    case .proxy: try ProxyProperties.check(input)
    }
  }

  /// Inputs to start from: each kind of what is right, and of what is wrong.
  public var seeds: [[UInt8]] {
    switch self {
    case .lines: LineProperties.seeds
    case .frames: FrameProperties.seeds
    case .replies: ReplyProperties.seeds
    case .proxy: ProxyProperties.seeds
    }
  }

  /// Words of the grammar that a fuzzer would take long to guess.
  public var words: [String] {
    switch self {
    case .lines: LineProperties.words
    case .frames: FrameProperties.words
    case .replies: ReplyProperties.words
    case .proxy: ProxyProperties.words
    }
  }
}
