// Owns: proof that those who were here before don't wait for strangers, and that strangers still get their turn.
// Must never: need a clock or a hash.
// Runs on: any thread.
import ChatState
import Testing

@testable import ChatServer

@Suite struct TurnQueueTests {
  private func drain(_ queue: inout TurnQueue<String>) -> [String] {
    var all: [String] = []
    while let next = queue.popFirst() { all.append(next) }
    return all
  }

  @Test func `the known pass a hundred strangers, who have each fourth turn`() {
    var queue = TurnQueue<String>(bound: 100)
    for number in 1...100 {
      let displaced = queue.append("s\(number)", of: LoginSource(address: "192.0.2.\(number)"), isKnown: false)
      #expect(displaced == nil)
    }
    for number in 1...6 {
      let displaced = queue.append("k\(number)", of: LoginSource(address: "198.51.100.\(number)"), isKnown: true)
      #expect(displaced == nil, "strangers don't take the places of the known")
    }
    #expect(queue.count == 106)
    let order = drain(&queue)
    #expect(order.prefix(9) == ["k1", "k2", "k3", "s1", "k4", "k5", "k6", "s2", "s3"])
    #expect(order.count == 106)
  }

  @Test func `the known who don't end don't keep strangers waiting`() {
    var queue = TurnQueue<String>(bound: 4)
    let (here, there) = (LoginSource(address: "192.0.2.1"), LoginSource(address: "192.0.2.2"))
    _ = queue.append("s", of: there, isKnown: false)
    var turns = 0
    var next: String?
    while next != "s", turns < 10 {
      _ = queue.append("k", of: here, isKnown: true)
      next = queue.popFirst()
      turns += 1
    }
    #expect(turns == 4)
  }
}
