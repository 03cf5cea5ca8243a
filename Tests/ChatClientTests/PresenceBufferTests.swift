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
    let snapshot = PresenceUpdate.snapshot(.init(names: ["b"], count: 1))
    for update in [change("a", true), .summary(active: 5), snapshot, change("a", true)] { buffer.append(update) }
    #expect(drain(&buffer) == [snapshot, change("a", true)])
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
