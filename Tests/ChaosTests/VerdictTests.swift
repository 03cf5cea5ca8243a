// Owns: that the check finds each broken promise in a planted history, and nothing in a clean one.
// Must never: start a process.
// Runs on: swift-testing.
import Testing

@testable import chaos

@Suite struct VerdictTests {
  /// arini's inbox as gary fills it: two acknowledged, one refused, one unknown that was not stored.
  private var clean: History {
    History(
      sends: [
        send(1, at: 1, known: 2), send(2, at: 3, known: 4), send(3, .failed(code: "unavailable"), at: 5, known: 6),
        send(4, .unknown, at: 7, known: 8), send(5, at: 9, known: 10),
      ],
      views: [
        view([(1, 1), (2, 2)], confirmed: 0), view([(1, 1), (2, 2)], confirmed: 0, again: 2),
        // The last: she has confirmed whatever there was.
        view([(5, 3)], confirmed: 2), view([], confirmed: 9),
      ], requests: 9)
  }

  private func send(
    _ number: Int, _ outcome: Send.Outcome = .ok, tagged: Bool = false, on connection: Int? = 1, at: Int, known: Int
  ) -> Send {
    Send(
      sender: "gary", recipient: "arini", number: number, isTagged: tagged, outcome: outcome, connection: connection,
      writtenAt: at, knownAt: known)
  }

  /// Messages as (number, seq); the first `again` of them are marked as redelivered.
  private func view(_ messages: [(number: Int, sequence: Int)], confirmed: Int, again: Int = 0) -> View {
    let shown = messages.enumerated().map { index, message in
      View.Message(
        sender: "gary", number: message.number, id: "id\(message.number)", sequence: message.sequence,
        isRedelivered: index < again)
    }
    return View(recipient: "arini", messages: shown, confirmedThrough: confirmed)
  }

  /// The rules that are broken once `change` was made.
  private func broken(_ change: (inout History) -> Void) -> Set<Verdict.Rule> {
    var history = clean
    change(&history)
    return Set(Verdict(history).violations.map(\.rule))
  }

  @Test func `a clean history is clean, and counted`() {
    let verdict = Verdict(clean)
    #expect(verdict.isClean, "\(verdict.violations)")
    #expect(verdict.acknowledged == 3)
    #expect(verdict.refused == 1)
    #expect(verdict.unknown == 1)
    #expect(verdict.deliveredAgain == 2)
    #expect(verdict.unmarked == 0)
    #expect(verdict.requests == 9)
  }

  @Test func `an acknowledged message that is never seen is lost`() {
    #expect(broken { $0.sends.append(send(6, at: 11, known: 12)) } == [.lost])
  }

  @Test func `a message that goes away before it was confirmed is lost, though it was read`() {
    #expect(broken { $0.views[2].confirmedThrough = 0 } == [.lost])
  }

  @Test func `a message under two numbers is stored twice`() {
    #expect(broken { $0.views[2] = view([(5, 3), (5, 4)], confirmed: 2) } == [.storedTwice])
  }

  @Test func `a tagged message under two numbers is stored twice, even if its outcome is unknown`() {
    let found = broken { history in
      history.sends[3].isTagged = true
      history.views[2] = view([(5, 3), (4, 4), (4, 5)], confirmed: 2)
    }
    #expect(found == [.storedTwice])
  }

  @Test func `an unknown outcome may be stored once`() {
    #expect(broken { $0.views[2] = view([(4, 3), (5, 4)], confirmed: 2) }.isEmpty)
  }

  @Test func `a refused message in the inbox is a broken promise`() {
    #expect(broken { $0.views[2] = view([(3, 3), (5, 4)], confirmed: 2) } == [.storedThoughRefused])
  }

  @Test func `a message behind a later one is reordered`() {
    let found = broken { history in
      history.views[0] = view([(2, 1), (1, 2)], confirmed: 0)
      history.views[1] = view([(2, 1), (1, 2)], confirmed: 0, again: 2)
    }
    #expect(found == [.reordered])
  }

  @Test func `pipelined messages of one connection keep their order, those of two need not`() {
    func swapped(connections: (Int?, Int?)) -> Set<Verdict.Rule> {
      broken { history in
        history.sends[0] = send(1, on: connections.0, at: 1, known: 4)
        history.sends[1] = send(2, on: connections.1, at: 2, known: 3)
        history.views[0] = view([(2, 1), (1, 2)], confirmed: 0)
        history.views[1] = view([(2, 1), (1, 2)], confirmed: 0, again: 2)
      }
    }
    #expect(swapped(connections: (1, 1)) == [.reordered])
    #expect(swapped(connections: (nil, 1)).isEmpty)
  }

  @Test func `a gap within a reply or between two is found`() {
    #expect(broken { $0.views[0] = view([(1, 1), (2, 3)], confirmed: 0) }.contains(.numbering))
    #expect(broken { $0.views[2] = view([(5, 4)], confirmed: 2) } == [.numbering])
  }

  @Test func `a number that names another message than before is found`() {
    #expect(broken { $0.views[1] = view([(1, 1), (4, 2)], confirmed: 0, again: 2) }.contains(.numbering))
  }

  @Test func `a message that was gone and comes back is found`() {
    #expect(broken { $0.views[3] = view([(2, 2), (5, 3)], confirmed: 2, again: 2) } == [.cameBack])
  }

  @Test func `a message that comes again after its ack was answered OK is found`() {
    #expect(broken { $0.views[1].confirmedSurely = 1 } == [.cameBack])
    #expect(broken { $0.views[2].confirmedSurely = 2 } == [])
  }

  @Test func `a message that nobody sent, or with another text, is found`() {
    #expect(broken { $0.views[2] = view([(5, 3), (77, 4)], confirmed: 2) } == [.foreign])
    #expect(broken { $0.views[2].messages[0].number = nil } == [.foreign, .lost])
  }

  @Test func `what is not answered and what crashed is broken`() {
    #expect(broken { $0.overdue = ["inbox of arini"] } == [.neverAnswered])
    #expect(broken { $0.incidents = ["node 1 ended by itself"] } == [.incident])
  }

  @Test func `a message that comes again without its mark is counted`() {
    var history = clean
    history.views[1] = view([(1, 1), (2, 2)], confirmed: 0)
    #expect(Verdict(history).unmarked == 2)
  }
}
