// Owns: proof that presence nobody reads stays small and ends up right.
// Must never: open a socket.
// Runs on: any.
import Testing

@testable import ChatClient

@Suite struct PresenceBufferTests {
  private func drain(_ buffer: inout PresenceBuffer) -> [PresenceUpdate] {
    var updates: [PresenceUpdate] = []
    while let update = buffer.popFirst() { updates.append(update) }
    return updates
  }

  private func change(_ user: String, _ isActive: Bool) -> PresenceUpdate {
    .changed(user: user, isActive: isActive, at: "")
  }

  @Test func ofOneUserOnlyTheLastChangeCounts() {
    var buffer = PresenceBuffer()
    for update in [change("a", true), change("b", true), change("a", false)] { buffer.append(update) }
    #expect(drain(&buffer) == [change("a", false), change("b", true)])
    buffer.append(change("a", true))
    #expect(drain(&buffer) == [change("a", true)])
  }

  @Test func aSnapshotReplacesWhatWasBefore() {
    var buffer = PresenceBuffer()
    let active = ChatConnection.ActiveUsers(names: ["b"], count: 1)
    for update in [change("a", true), .summary(active: 5)] { buffer.append(update) }
    buffer.append(active, isFirst: true, isLast: true)
    buffer.append(change("a", true))
    #expect(drain(&buffer) == [.snapshot(active), change("a", true)])
  }

  @Test func aSnapshotInPartsWaitsForItsLastOne() {
    var buffer = PresenceBuffer()
    buffer.append(change("old", true))
    buffer.append(.init(names: ["a"], count: 1), isFirst: true, isLast: false)
    buffer.append(change("a", false))
    #expect(buffer.popFirst() == nil)
    buffer.append(.init(names: ["b"], count: 2), isFirst: false, isLast: true)
    buffer.append(change("b", false))
    #expect(drain(&buffer) == [.snapshot(.init(names: ["a", "b"], count: 3)), change("a", false), change("b", false)])
  }

  @Test func aSnapshotWhoseRestDoesNotComeIsSaidToBeMissed() {
    var buffer = PresenceBuffer()
    buffer.append(change("a", true))
    buffer.abandonSnapshot()
    #expect(drain(&buffer) == [change("a", true)])
    buffer.append(.init(names: ["a"], count: 1), isFirst: true, isLast: false)
    buffer.abandonSnapshot()
    buffer.append(change("a", false))
    #expect(drain(&buffer) == [.missed, change("a", false)])
  }

  @Test func theBoundIsExactAndSaidSo() {
    var buffer = PresenceBuffer()
    for number in 1...PresenceBuffer.limit { buffer.append(change("u\(number)", true)) }
    buffer.append(change("u1", false))
    #expect(drain(&buffer).count == PresenceBuffer.limit)
    for number in 0...PresenceBuffer.limit { buffer.append(change("u\(number)", true)) }
    #expect(drain(&buffer) == [.missed])
  }
}
