// Owns: how an input of a fuzzer says in which pieces its bytes arrive.
// Must never: lose or add a byte.
// Runs on: any thread; a value.

/// Bytes and where they are cut. The input's first byte (modulo 8) says how many lengths follow; each is a byte, one less than
/// the length of a piece; they are used in turn for the first 16 pieces, what is left is one more. Without lengths all bytes
/// arrive at once.
struct CutBytes {
  /// All bytes that arrive.
  var whole: [UInt8]
  private let lengths: [Int]
  /// Whether the first byte asks for what is long.
  private let isStretching: Bool

  /// Few inputs are stretched: long ones take long. These are, whose first byte is not less.
  static let stretching: UInt8 = 0xF8

  /// Reads an input; any bytes are one.
  init(_ input: [UInt8]) {
    let count = Int((input.first ?? 0) % 8)
    isStretching = (input.first ?? 0) >= Self.stretching
    let head = input.dropFirst().prefix(count)
    lengths = head.map { Int($0) + 1 }
    whole = Array(input.dropFirst(1 + head.count))
  }

  /// The pieces in order; none is empty.
  var pieces: [ArraySlice<UInt8>] {
    guard !lengths.isEmpty else { return whole.isEmpty ? [] : [whole[...]] }
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    while start < whole.count {
      let length = pieces.count < 16 ? lengths[pieces.count % lengths.count] : whole.count
      let end = min(start + length, whole.count)
      pieces.append(whole[start..<end])
      start = end
    }
    return pieces
  }

  /// Lets small inputs reach the bounds: one byte stands for 1,024 letters, another for 31. What begins beyond `upTo` is left out.
  mutating func stretch(kibibyte: UInt8, few: UInt8, upTo bound: Int) {
    guard isStretching else { return }
    var long: [UInt8] = []
    for byte in whole where long.count < bound {
      switch byte {
      case kibibyte: long += repeatElement(UInt8(ascii: "x"), count: 1024)
      case few: long += repeatElement(UInt8(ascii: "y"), count: 31)
      default: long.append(byte)
      }
    }
    whole = long
  }

  /// An input that arrives in pieces of these lengths (1 to 256, at most 7 of them).
  static func input(_ bytes: some Sequence<UInt8>, cut lengths: [Int] = []) -> [UInt8] {
    [UInt8(lengths.count)] + lengths.map { UInt8($0 - 1) } + bytes
  }
}
