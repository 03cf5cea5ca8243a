// Owns: the word for what a fuzzer looks for: a property that some input breaks.
// Must never: be thrown for what the code under test may do.
// Runs on: any thread; a value.

/// A property that does not hold for an input, in one sentence.
public struct Finding: Error, Equatable, CustomStringConvertible {
  /// Which property, and what was seen.
  public let description: String

  /// Throws the finding unless the property holds.
  static func unless(_ holds: Bool, _ sentence: @autoclosure () -> String) throws(Finding) {
    if !holds { throw Finding(description: sentence()) }
  }
}
