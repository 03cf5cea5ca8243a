// Owns: proof of what a listening connection may be sent and what its acks mean.
// Must never: need a socket or Redis.
// Runs on: any thread.
import ChatState
import Testing

@testable import ChatServer

@Suite struct PushWindowTests {
  private func mark(_ sequence: Int) -> [UInt8] { Array("m\(sequence)".utf8) }

  /// In words: `unknown`, `confirmed 3`, or the mark.
  private func found(_ window: PushWindow, _ sequence: Int) -> String {
    switch window.find(sequence) {
    case .unknown: "unknown"
    case .confirmed(let count): "confirmed \(count)"
    case .unconfirmed(let place): String(decoding: place.mark, as: UTF8.self)
    }
  }

  @Test func `it fills, and an ack makes room`() {
    var window = PushWindow(limit: 3)
    #expect(window.cursor == nil && window.after == nil)
    window.begin(after: 10, shown: 11)
    let marked = (11...13).map { window.sent($0, mark: mark($0)) }
    #expect(marked == [true, false, false], "message 11 had been shown before")
    #expect(window.room == 0 && window.after == MessagePlace(sequence: 13, mark: mark(13)))
    #expect([10, 11, 13, 14].map { found(window, $0) } == ["confirmed 10", "m11", "m13", "unknown"])
    window.confirm(upTo: 12)
    #expect(window.room == 2 && found(window, 12) == "confirmed 12" && found(window, 13) == "m13")
    window.confirm(upTo: 13)
    #expect(window.after == MessagePlace(sequence: 13, mark: mark(13)), "known also when it is confirmed")
    window.confirm(upTo: 11)
    #expect(window.room == 3, "a late answer takes nothing back")
  }

  @Test func `others may confirm further than this one was sent`() {
    var window = PushWindow(limit: 3)
    window.begin(after: 0, shown: 0)
    _ = window.sent(1, mark: mark(1))
    window.confirm(upTo: 5)
    #expect(window.room == 3 && found(window, 1) == "confirmed 5" && found(window, 3) == "unknown")
    for sequence in 2...6 { _ = window.sent(sequence, mark: mark(sequence)) }
    #expect(window.room == 2 && found(window, 5) == "confirmed 5" && found(window, 6) == "m6")
  }

  @Test func `what went while the client did not read is passed over`() {
    var window = PushWindow(limit: 3)
    window.begin(after: 0, shown: 0)
    _ = window.sent(1, mark: mark(1))
    window.skip(to: 9)
    #expect(window.cursor == 9 && window.room == 3 && found(window, 9) == "confirmed 9")
    window.skip(to: 8)
    #expect(window.cursor == 9)
    window.restart()
    #expect(window.cursor == nil && found(window, 1) == "unknown")
  }
}
