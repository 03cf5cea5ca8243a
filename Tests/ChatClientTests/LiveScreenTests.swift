// Owns: proof of what stands on a terminal: widths, the line being typed, what is printed above it.
// Must never: need a terminal: a small one is in this file.
// Runs on: any.
import Synchronization
import Testing
import kabar

@Suite struct LiveScreenTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("ﾊﾟ", 2), ("Ｘ", 2), ("😀", 2), ("한", 2),
    ("\u{1112}\u{1161}\u{11AB}", 2), ("a\u{200B}b", 2), ("\u{AD}", 1), ("☃", 1), ("กำ", 2), ("नि", 2), ("𠀀", 2),
  ])
  func widths(_ text: String, _ columns: Int) {
    #expect(DisplayWidth.columns(text) == columns)
  }

  /// A terminal of one width that knows what the screen writes, and nothing else.
  private final class Paper: Sendable {
    struct State {
      var rows: [[Character]] = [[]]
      var column = 0
    }

    let columns: Int
    private let state = Mutex(State())

    init(columns: Int) { self.columns = columns }

    /// The rows without the empty cells at their ends, the last one with `|` at the cursor.
    var rows: [String] {
      state.withLock { state in
        var rows = state.rows
        while rows[rows.count - 1].count < state.column { rows[rows.count - 1].append(" ") }
        rows[rows.count - 1].insert("|", at: state.column)
        // A wide character takes two cells; the second is a NUL.
        return rows.map { String($0.filter { $0 != "\0" }) }
      }
    }

    func write(_ text: String) -> Bool {
      state.withLock { state in
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
          switch scalar {
          case "\r": state.column = 0
          case "\n":
            state.rows.append([])
            state.column = 0
          case "\u{7}": break
          case "\u{1B}":
            rest.removeFirst()
            let number = rest.prefix { ("0"..."9").contains($0) }
            rest.removeFirst(number.count)
            escape(rest.removeFirst(), Int(String(number)) ?? 0, &state)
          default: put(scalar, &state)
          }
        }
      }
      return true
    }

    private func escape(_ last: UnicodeScalar, _ number: Int, _ state: inout State) {
      switch last {
      case "J", "K": state.rows[state.rows.count - 1] = Array(state.rows[state.rows.count - 1].prefix(state.column))
      case "C": state.column = min(columns - 1, state.column + number)
      default: Issue.record("an unknown sequence ends with \(last)")
      }
    }

    private func put(_ scalar: UnicodeScalar, _ state: inout State) {
      let width = DisplayWidth.columns(String(scalar))
      if width > 0, state.column + width > columns {
        state.rows.append([])
        state.column = 0
      }
      var row = state.rows[state.rows.count - 1]
      if width == 0 {
        if let last = row.lastIndex(where: { $0 != "\0" }) { row[last] = Character(String(row[last]) + String(scalar)) }
      } else {
        while row.count < state.column + width { row.append(" ") }
        row[state.column] = Character(scalar)
        if width == 2 { row[state.column + 1] = "\0" }
      }
      state.column += width
      state.rows[state.rows.count - 1] = row
    }
  }

  private func screen(_ columns: Int) -> (LiveScreen, Paper) {
    let paper = Paper(columns: columns)
    let screen = LiveScreen(columns: columns, write: paper.write)
    screen.begin()
    return (screen, paper)
  }

  private func type(_ text: String, _ screen: LiveScreen) { _ = screen.press([.paste(text)]) }

  @Test func whatArrivesStandsAboveTheLineBeingTyped() {
    let (screen, paper) = screen(40)
    type("half a 日本", screen)
    _ = screen.press([.left])
    screen.show([.output("Gary (lineker): piye?"), .error("error")])
    #expect(paper.rows == ["Gary (lineker): piye?", "error", "> half a 日|本"])
    let actions = screen.press([.enter])
    #expect(actions == [.entered("half a 日本")])
    #expect(paper.rows.suffix(2) == ["> half a 日本", "> |"])
  }

  @Test func aLongLineScrollsAndNeverTakesASecondRow() {
    // Less than four columns have no room beside the prompt.
    for columns in [4, 5, 12, 13] {
      let (screen, paper) = screen(columns)
      for character in "abc日本語é😀xyz0123456789" {
        type(String(character), screen)
        #expect(paper.rows.count == 1, "\(columns)")
      }
      for _ in 0..<30 {
        _ = screen.press([.left])
        #expect(paper.rows.count == 1, "\(columns)")
      }
    }
    let (screen, paper) = screen(13)
    type("abcdefghijklmnop", screen)
    // Ten columns of room: from the cursor on it shows the last half and what is behind.
    #expect(paper.rows == ["> klmnop|"])
    _ = screen.press([.home])
    #expect(paper.rows == ["> |abcdefghij"])
    _ = screen.press([.enter])
    #expect(paper.rows.dropLast() == ["> abcdefghijk", "lmnop"])
  }

  @Test func aNewWidthDrawsTheLineAnew() {
    let (screen, paper) = screen(40)
    type("abcdefghijklmnop", screen)
    _ = screen.press([.home])
    screen.redraw(columns: 13)
    #expect(paper.rows == ["> |abcdefghij"])
  }

  @Test func whatIsTypedOrPastedDrivesNoTerminal() {
    let written = Mutex("")
    let screen = LiveScreen(columns: 80) { text in
      written.withLock { $0 += text }
      return true
    }
    screen.begin()
    _ = screen.press([.text("\u{202E}"), .paste("\u{1B}]0;x\u{7}\u{9B}31m"), .enter])
    let text = written.withLock(\.self)
    #expect(!text.contains("\u{202E}") && !text.contains("\u{1B}]") && !text.contains("\u{9B}"))
    #expect(text.contains("\\u{202e}"))
  }

  @Test func whatNobodyCanSeeIsNotShown() {
    let screen = LiveScreen(columns: 40) { _ in false }
    #expect(!screen.show([.output("a message")]))
    #expect(screen.show([]))
  }

  @Test func afterTheEndNothingIsDrawn() {
    let (screen, paper) = screen(40)
    type("half", screen)
    screen.end()
    #expect(paper.rows == ["|"])
    screen.show([.output("late")])
    screen.redraw(columns: 40)
    #expect(paper.rows == ["late", "|"])
  }

  static let commands: [(String, LiveCommand)] = [
    ("auth arini he he", .login(user: "arini", password: "he he")),
    ("AUTH arini", .plain(.request(line: "AUTH arini", .auth(user: "arini")))),
    ("send messi  two  words ", .send(to: "messi", text: "two  words ")),
    ("send messi", .plain(.request(line: "send T messi", .send(to: "messi")))),
    (
      "send 0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11 messi hi",
      .plain(.request(line: "send 0b9d5e1c-8f2f-4a57-9c1e-6a5d3a0c7b11 messi hi", .send(to: "messi")))
    ),
    ("inbox", .inbox(line: "inbox T")), ("logout", .logout), ("resume X", .resume(token: "X")),
    ("watch *", .watch([])), ("Watch a b c", .watch(["a", "b", "c"])), ("unwatch", .unwatch),
    ("watch", .plain(.request(line: "watch", .other))), ("watch a *", .plain(.request(line: "watch a *", .other))),
    ("@id=1 auth arini he he", .login(user: "arini", password: "he he")),
    ("@id=1 send messi hi", .plain(.request(line: "@id=1 send messi hi", .other))),
    ("listen", .listen), ("unlisten", .unlisten), ("@id=1 unlisten", .unlisten),
    ("unwatch a", .plain(.request(line: "unwatch a", .other))), ("quit", .plain(.quit)), ("", .plain(.nothing)),
    ("ping", .plain(.request(line: "ping", .other))),
  ]

  @Test(arguments: commands)
  func aTypedLineIsACall(_ typed: String, _ command: LiveCommand) {
    #expect(LiveCommand(typed: typed, token: "T") == command)
  }
}
