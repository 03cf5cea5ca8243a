// Owns: the line being typed, the cursor in it, and the lines typed before.
// Must never: print, or hold a line that is longer than a request may be.
// Runs on: a value; the screen guards it.
import ChatClient

/// Editing of one line, with a history. Positions are between characters as people see them (grapheme clusters).
package struct LineEditor {
  /// Bytes that a line may have.
  package static let limit = ChatConnection.maximumLineBytes
  /// How many lines are remembered.
  package static let historyLimit = 500

  /// What a key leads to, beyond a changed line.
  package enum Action: Equatable, Sendable {
    case edited
    /// The key can't be carried out: the line is full, or there is nothing more in this direction.
    case refused
    case entered(String)
    case interrupt, endOfInput, suspend, redraw
  }

  /// What stands before and behind the cursor.
  package private(set) var before = ""
  package private(set) var after = ""
  private var history: [String] = []
  /// Which line of the history is shown; its end for the line being typed.
  private var shown = 0
  /// The line being typed, while the history is shown.
  private var draft = ""

  package init() {}

  package var text: String { before + after }

  /// Carries out a key.
  package mutating func press(_ key: Key) -> Action {
    switch key {
    case .text(let text): return insert(text)
    case .paste(let text): return insert(Self.oneLine(text))
    case .enter: return enter()
    case .left, .right, .home, .end, .wordLeft, .wordRight: return move(key)
    case .backspace, .delete, .killToEnd, .killToStart, .killWord: return remove(key)
    case .up: return show(shown - 1)
    case .down: return show(shown + 1)
    case .endOfInput: return text.isEmpty ? .endOfInput : remove(.delete)
    case .interrupt: return .interrupt
    case .suspend: return .suspend
    case .redraw: return .redraw
    }
  }

  /// Notes a line for the cursor keys; the same line twice in a row counts once.
  package mutating func remember(_ line: String) {
    if history.last != line { history.append(line) }
    if history.count > Self.historyLimit { history.removeFirst() }
    shown = history.count
  }

  /// Gives a line back to be typed on, if nothing else has been typed meanwhile.
  package mutating func giveBack(_ line: String) {
    if text.isEmpty { set(line) }
  }

  private mutating func insert(_ text: String) -> Action {
    guard !text.isEmpty, before.utf8.count + after.utf8.count + text.utf8.count <= Self.limit else { return .refused }
    before += text
    return .edited
  }

  private mutating func enter() -> Action {
    let line = text
    set("")
    (shown, draft) = (history.count, "")
    return .entered(line)
  }

  private mutating func move(_ key: Key) -> Action {
    let old = before.utf8.count
    switch key {
    case .left: if let character = before.popLast() { after.insert(character, at: after.startIndex) }
    case .right: if !after.isEmpty { before.append(after.removeFirst()) }
    case .home: (before, after) = ("", text)
    case .end: (before, after) = (text, "")
    case .wordLeft:
      let word = before.suffix(Self.lastWord(of: before))
      (before, after) = (String(before.dropLast(word.count)), word + after)
    default:
      let word = after.prefix(Self.firstWord(of: after))
      (before, after) = (before + word, String(after.dropFirst(word.count)))
    }
    return before.utf8.count == old ? .refused : .edited
  }

  private mutating func remove(_ key: Key) -> Action {
    let old = text.utf8.count
    switch key {
    case .backspace: _ = before.popLast()
    case .delete: after = String(after.dropFirst())
    case .killToEnd: after = ""
    case .killToStart: before = ""
    default: before = String(before.dropLast(Self.lastWord(of: before)))
    }
    return text.utf8.count == old ? .refused : .edited
  }

  private mutating func show(_ index: Int) -> Action {
    guard (0...history.count).contains(index), index != shown else { return .refused }
    if shown == history.count { draft = text }
    shown = index
    set(index == history.count ? draft : history[index])
    return .edited
  }

  private mutating func set(_ text: String) { (before, after) = (text, "") }

  /// How many characters the last word has, the spaces behind it included.
  private static func lastWord(of text: String) -> Int {
    let spaces = text.reversed().prefix { $0 == " " }.count
    return spaces + text.reversed().dropFirst(spaces).prefix { $0 != " " }.count
  }

  private static func firstWord(of text: String) -> Int {
    let spaces = text.prefix { $0 == " " }.count
    return spaces + text.dropFirst(spaces).prefix { $0 != " " }.count
  }

  /// A pasted text as part of one line: line ends inside become spaces, other control characters go.
  private static func oneLine(_ text: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\r", "\n", "\t", "\u{85}", "\u{2028}", "\u{2029}": if line.last != " " { line.append(" ") }
      default: if scalar.properties.generalCategory != .control { line.append(scalar) }
      }
    }
    if line.last == " ", text.unicodeScalars.last != " " { line.removeLast() }
    return String(line)
  }
}
