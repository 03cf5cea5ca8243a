// Owns: proof that no source of logins can take the queue for itself.
// Must never: need a clock or a hash.
// Runs on: any thread.
import Testing

@testable import ChatServer

@Suite struct FairQueueTests {
  private func drain(_ queue: inout FairQueue<String, String>) -> [String] {
    var all: [String] = []
    while let next = queue.popFirst() { all.append(next) }
    return all
  }

  @Test func `sources take turns, each in its own order`() {
    var queue = FairQueue<String, String>(bound: 10)
    for element in ["a1", "a2", "a3", "b1", "c1", "b2"] {
      let displaced = queue.append(element, of: String(element.prefix(1)))
      #expect(displaced == nil)
    }
    #expect(queue.count == 6)
    #expect(drain(&queue) == ["a1", "b1", "c1", "a2", "b2", "a3"])
    #expect(queue.isEmpty)
  }

  @Test func `when it is full, a newcomer gets the place of who has most`() {
    var queue = FairQueue<String, String>(bound: 4)
    for number in 1...4 { _ = queue.append("a\(number)", of: "a") }
    let own = queue.append("a5", of: "a")
    #expect(own == "a5", "nobody has more than it")
    let first = queue.append("b1", of: "b")
    #expect(first == "a4")
    let second = queue.append("b2", of: "b")
    #expect(second == "a3")
    let third = queue.append("b3", of: "b")
    #expect(third == "b3", "they have the same now")
    let fourth = queue.append("c1", of: "c")
    #expect(fourth == "a2" || fourth == "b2")
    #expect(queue.count == 4)
    #expect(drain(&queue).prefix(3) == ["a1", "b1", "c1"])
  }

  @Test func `who need not wait any more leaves its place, and its source its turn`() {
    var queue = FairQueue<String, String>(bound: 4)
    for element in ["a1", "a2", "b1", "c1"] { _ = queue.append(element, of: String(element.prefix(1))) }
    let (first, only) = (queue.remove(of: "a") { $0 == "a1" }, queue.remove(of: "b") { $0 == "b1" })
    #expect(first == "a1" && only == "b1")
    let (again, stranger) = (queue.remove(of: "b") { $0 == "b1" }, queue.remove(of: "c") { $0 == "a2" })
    #expect(again == nil && stranger == nil)
    #expect(queue.count == 2)
    let displaced = queue.append("b2", of: "b")
    #expect(displaced == nil, "there is room again")
    #expect(drain(&queue) == ["a2", "c1", "b2"])
  }

  @Test func `a source that was served comes back`() {
    var queue = FairQueue<String, String>(bound: 2)
    _ = queue.append("a1", of: "a")
    #expect(drain(&queue) == ["a1"])
    _ = queue.append("a2", of: "a")
    #expect(drain(&queue) == ["a2"])
  }
}
