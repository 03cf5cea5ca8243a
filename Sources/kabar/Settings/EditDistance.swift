// How alike two words are, for "did you mean".
// Never used where it matters.
// Pure function; any thread.

/// The distance of Levenshtein: how many letters must be added, removed or replaced (Wagner and Fischer, 1974).
enum EditDistance {
  /// Takes the product of both lengths in time.
  static func between(_ first: String, _ second: String) -> Int {
    let second = Array(second)
    var row = Array(0...second.count)
    for (count, letter) in first.enumerated() {
      var diagonal = row[0]
      row[0] = count + 1
      for index in second.indices {
        let replaced = diagonal + (letter == second[index] ? 0 : 1)
        diagonal = row[index + 1]
        row[index + 1] = min(replaced, row[index] + 1, diagonal + 1)
      }
    }
    return row[second.count]
  }
}
