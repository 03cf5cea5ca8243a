// Owns: proof of what each key does to the line, and of the history.
// Must never: need a terminal.
// Runs on: any.
import Testing
import kabar

@Suite struct LineEditorTests {
  /// `|` marks the cursor.
  private func edit(_ text: String, _ keys: [Key]) -> String {
    var editor = LineEditor()
    let parts = text.split(separator: "|", omittingEmptySubsequences: false)
    _ = editor.press(.paste(parts.joined()))
    for _ in parts.last ?? "" { _ = editor.press(.left) }
    for key in keys { _ = editor.press(key) }
    return editor.before + "|" + editor.after
  }

  static let table: [(String, [Key], String)] = [
    ("ab|", [.text("c")], "abc|"), ("a|b", [.text("x"), .text("y")], "axy|b"),
    ("ab|c", [.left, .left, .left], "|abc"), ("|ab", [.right, .right, .right], "ab|"),
    ("a|b", [.home], "|ab"), ("a|b", [.end], "ab|"),
    ("a|b", [.backspace, .backspace], "|b"), ("a|b", [.delete, .delete], "a|"), ("a|b", [.endOfInput], "a|"),
    ("one two| three", [.killWord], "one | three"), ("one  |two", [.killWord], "|two"),
    ("one| two", [.killToEnd], "one|"), ("one| two", [.killToStart], "| two"),
    ("one two|", [.wordLeft], "one |two"), ("one  |two", [.wordLeft], "|one  two"),
    ("|one two", [.wordRight], "one| two"), ("one|  two three", [.wordRight], "one  two| three"),
    // Characters as people see them, not scalars.
    ("ae\u{301}|", [.backspace], "a|"), ("a👩‍👩‍👧|b", [.left], "a|👩‍👩‍👧b"), ("|🇮🇩x", [.delete], "|x"),
    ("e|", [.text("\u{301}"), .backspace], "|"),
  ]

  @Test(arguments: table)
  func keys(_ text: String, _ keys: [Key], _ expected: String) {
    #expect(edit(text, keys) == expected)
  }

  @Test(arguments: [
    ("one\ntwo\r\n", "one two"), ("a\tb", "a b"), ("a \n b", "a  b"), ("\u{1B}[31mred\0", "[31mred"),
    ("\u{2028}x\u{85}y", " x y"), ("last ", "last "),
  ])
  func aPasteIsOneLine(_ pasted: String, _ line: String) {
    var editor = LineEditor()
    _ = editor.press(.paste(pasted))
    #expect(editor.text == line)
  }

  @Test func whatCannotBeDoneIsRefused() {
    var editor = LineEditor()
    for key in [Key.left, .right, .home, .end, .backspace, .delete, .killWord, .up, .down, .paste("\n\0")] {
      let action = editor.press(key)
      #expect(action == .refused, "\(key)")
    }
    let end = editor.press(.endOfInput)
    #expect(end == .endOfInput)
  }

  @Test func theBoundIsExact() {
    var editor = LineEditor()
    let full = editor.press(.paste(String(repeating: "é", count: LineEditor.limit / 2)))
    #expect(full == .edited)
    let more = editor.press(.text("x"))
    #expect(more == .refused)
    #expect(editor.text.utf8.count == LineEditor.limit)
  }

  @Test func theHistoryKeepsTheLineBeingTyped() {
    var editor = LineEditor()
    for line in ["one", "two", "two"] { editor.remember(line) }
    _ = editor.press(.text("x"))
    var seen: [String] = []
    for key in [Key.up, .up, .up, .down, .down, .down] {
      _ = editor.press(key)
      seen.append(editor.text)
    }
    #expect(seen == ["two", "one", "one", "two", "x", "x"])
    _ = editor.press(.up)
    _ = editor.press(.text("!"))
    let entered = editor.press(.enter)
    #expect(entered == .entered("two!"))
    #expect(editor.text == "")
    _ = editor.press(.up)
    #expect(editor.text == "two")
  }

  @Test func theHistoryIsBounded() {
    var editor = LineEditor()
    for number in 0...LineEditor.historyLimit { editor.remember("\(number)") }
    for _ in 0...LineEditor.historyLimit { _ = editor.press(.up) }
    #expect(editor.text == "1")
  }

  @Test func aLineGivenBackDoesNotReplaceWhatIsTyped() {
    var editor = LineEditor()
    editor.giveBack("old")
    #expect(editor.text == "old")
    editor.giveBack("older")
    #expect(editor.text == "old")
  }
}
