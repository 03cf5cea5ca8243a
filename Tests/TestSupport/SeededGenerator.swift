// Owns: random numbers that a seed repeats.
// Must never: be used for secrets.
// Runs on: any thread; a value.

/// SplitMix64: small, fast, good enough to choose faults.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// `stream` gives each user of one seed numbers of his own.
  public init(seed: UInt64, stream: UInt64 = 0) {
    state = seed &+ stream &* 0xA076_1D64_78BD_642F
  }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
