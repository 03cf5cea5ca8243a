// Owns: what to write so that the line being typed stands in the terminal's last row, with the cursor in its place.
// Must never: take more than one row: then it can always be wiped and drawn again.
// Runs on: values.

/// Draws the line being typed. A line that is too long scrolls sideways by half of the width.
package enum LinePainter {
  package static let prompt = "> "
  /// Wipes the row of the cursor and what is below.
  package static let wipe = "\r\u{1B}[J"

  /// - Parameters:
  ///   - before: what stands before the cursor; `after` what stands behind it.
  ///   - columns: the width of the terminal, at least 1.
  package static func paint(before: String, after: String, columns: Int) -> String {
    // The last column stays empty: a character there makes some terminals wrap.
    let room = max(1, columns - 1 - prompt.utf8.count)
    let cursor = width(before)
    let half = max(1, room / 2)
    let start = cursor < room ? 0 : (cursor / half - 1) * half
    var (position, firstShown, shown, shownWidth) = (0, -1, "", 0)
    for character in before + after {
      let safe = ChatTranscript.safe(String(character))
      let columns = DisplayWidth.columns(safe)
      defer { position += columns }
      if position < start { continue }
      if firstShown < 0 { firstShown = position }
      if shownWidth + columns > room { break }
      shown += safe
      shownWidth += columns
    }
    let column = prompt.utf8.count + max(0, min(cursor - max(firstShown, 0), room))
    return "\r\(prompt)\(shown)\u{1B}[K\r\u{1B}[\(column)C"
  }

  private static func width(_ text: String) -> Int { DisplayWidth.columns(ChatTranscript.safe(text)) }
}
