// Owns: the examples of a page of the documentation, and whether what was seen is what the page shows.
// Must never: be more lenient than a reader: only "…" stands for anything.
// Runs on: any thread; a value.
import Foundation

/// A page of Sources/kabar/Kabar.docc.
struct DocumentedPage {
  let text: String
  /// What each UUID of the page is in this run.
  private var bound: [String: String] = [:]

  init(_ name: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "../../Sources/kabar/Kabar.docc")
    text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  /// The lines of all examples in this language, block after block.
  func examples(in language: String) -> [[String]] {
    text.components(separatedBy: "\n```\(language)\n").dropFirst().map { block in
      block.components(separatedBy: "\n```")[0].components(separatedBy: "\n")
    }
  }

  /// The first cells of all tables, without their back quotes.
  var firstCells: Set<String> {
    Set(text.matches(of: /(?m)^\| `([^`]+)` \|/).map { String($0.output.1) })
  }

  /// A line as it is sent in this run.
  func request(_ line: String) -> String {
    bound.reduce(line) { $0.replacing($1.key, with: $1.value) }
  }

  /// Whether `actual` is what the page shows; "…" stands for anything, a UUID for the same one on the whole page.
  mutating func shows(_ shown: String, for actual: String) -> Bool {
    let uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/
    let pairs = zip(shown.matches(of: uuid), actual.matches(of: uuid))
    for (mine, real) in pairs where bound[String(mine.output)] == nil {
      bound[String(mine.output)] = String(real.output)
    }
    let pieces = request(shown).components(separatedBy: "…")
    guard let first = pieces.first, let last = pieces.last, actual.hasPrefix(first) else { return false }
    guard pieces.count > 1 else { return actual == first }
    var rest = actual.dropFirst(first.count)
    for piece in pieces.dropFirst().dropLast() {
      guard let range = rest.range(of: piece) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(last)
  }
}
