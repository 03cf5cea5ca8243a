// Owns: proof of what is asked of the server for what the program wants.
// Must never: open a socket.
// Runs on: any.
import Testing

@testable import ChatClient

@Suite struct SubscriptionsTests {
  /// Carries out every step; the request lines.
  private func settle(_ subscriptions: inout Subscriptions) -> [String] {
    var lines: [String] = []
    while let step = subscriptions.next, lines.count < 20 {
      switch step {
      case .listen: lines.append("listen")
      case .unwatch: lines.append("unwatch")
      case .watch(_, let watch): lines += watch
      }
      subscriptions.done(step)
    }
    return lines
  }

  @Test func nothingIsAskedForThatNobodyWants() {
    var subscriptions = Subscriptions()
    #expect(settle(&subscriptions) == [])
    subscriptions.unwatch()
    #expect(settle(&subscriptions) == [])
  }

  @Test func watchingNeedsListening() {
    var subscriptions = Subscriptions()
    subscriptions.watch(["b", "a", "b"])
    #expect(settle(&subscriptions) == ["listen", "watch b a"])
    subscriptions.watch(["c", "a"])
    #expect(settle(&subscriptions) == ["watch b a c"])
    subscriptions.watchEveryone()
    #expect(settle(&subscriptions) == ["unwatch", "watch *"])
    subscriptions.unwatch()
    #expect(settle(&subscriptions) == ["unwatch"])
  }

  @Test func anotherConnectionGetsItAllAgain() {
    var subscriptions = Subscriptions()
    let isNew = subscriptions.wantMessages()
    let isNewAgain = subscriptions.wantMessages()
    #expect(isNew && !isNewAgain)
    subscriptions.watch(["a"])
    _ = settle(&subscriptions)
    #expect(settle(&subscriptions) == [])
    subscriptions.startAnew()
    #expect(settle(&subscriptions) == ["listen", "watch a"])
  }

  @Test func watchingTheSameAgainAsksForASnapshot() {
    var subscriptions = Subscriptions()
    subscriptions.watchEveryone()
    _ = settle(&subscriptions)
    subscriptions.watchEveryone()
    #expect(settle(&subscriptions) == ["watch *"])
  }

  @Test func whatIsRefusedForGoodIsNotAskedForAgain() {
    var subscriptions = Subscriptions()
    _ = subscriptions.wantMessages()
    subscriptions.watch(["a"])
    subscriptions.refused(.listen)
    #expect(settle(&subscriptions) == [])
    let isNew = subscriptions.wantMessages()
    #expect(isNew)
    #expect(settle(&subscriptions) == ["listen"])
    subscriptions.watch(["a"])
    if let step = subscriptions.next { subscriptions.refused(step) }
    #expect(settle(&subscriptions) == [])
  }

  @Test func manyNamesTakeSeveralLinesThatFit() {
    var subscriptions = Subscriptions()
    let names = (1...1000).map { number in "\(number)" + String(repeating: "x", count: 32 - "\(number)".count) }
    subscriptions.watch(names)
    let lines = settle(&subscriptions).dropFirst()
    #expect(lines.count == 5)
    #expect(lines.allSatisfy { $0.utf8.count <= ChatConnection.maximumLineBytes })
    #expect(lines.flatMap { $0.split(separator: " ").dropFirst() }.map(String.init) == names)
  }
}
