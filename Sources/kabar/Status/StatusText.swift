// Numbers and times as people read them.
// Never rounds up what is small to nothing: 1 byte is 1 B.
// Pure functions; any thread.

enum StatusText {
  /// One digit behind the point: `12.5`. Not negative.
  static func tenths(_ number: Double) -> String {
    let tenths = Int((max(0, number) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// `42 s`, `12 min`, `5 h`, `3 d`: whole units of the largest that fits twice.
  static func seconds(_ seconds: Int) -> String {
    switch seconds {
    case ..<120: "\(max(0, seconds)) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) d"
    }
  }

  /// `512 B`, `1.5 MiB`
  static func bytes(_ bytes: Int) -> String {
    guard bytes >= 1024 else { return "\(bytes) B" }
    var (size, unit) = (Double(bytes) / 1024, 0)
    let units = ["KiB", "MiB", "GiB", "TiB"]
    while size >= 1024, unit + 1 < units.count { (size, unit) = (size / 1024, unit + 1) }
    return "\(tenths(size)) \(units[unit])"
  }

  /// `1 node`, `3 nodes`
  static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  /// At least `columns` wide.
  static func left(_ text: String, _ columns: Int) -> String {
    text + String(repeating: " ", count: max(0, columns - DisplayWidth.columns(text)))
  }

  /// The same with the text at its right end.
  static func right(_ text: String, _ columns: Int) -> String {
    String(repeating: " ", count: max(0, columns - DisplayWidth.columns(text))) + text
  }

  /// At most `columns` wide; what is cut off leaves a `…`.
  static func cut(_ text: String, _ columns: Int) -> String {
    guard DisplayWidth.columns(text) > columns else { return text }
    var (kept, width) = ("", 0)
    for character in text {
      width += DisplayWidth.columns(String(character))
      if width > columns - 1 { break }
      kept.append(character)
    }
    return kept + "…"
  }

  /// Lines of at most `columns`, broken at spaces; all but the first are indented. A word that is too long is cut apart.
  static func wrap(_ text: String, _ columns: Int, indent: String = "  ") -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false).map(String.init) {
      let longer = line.isEmpty ? word : line + " " + word
      if DisplayWidth.columns(longer) <= columns {
        line = longer
        continue
      }
      if !line.isEmpty { lines.append(line) }
      line = (lines.isEmpty ? "" : indent) + word
      while DisplayWidth.columns(line) > columns, line.count > columns {
        lines.append(String(line.prefix(columns)))
        line = indent + line.dropFirst(columns)
      }
    }
    return lines + [line]
  }
}
