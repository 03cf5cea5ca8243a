// A bounded queue that serves its sources in turn.
// Never lets one source fill it: when it is full, whoever has most in it loses a place to who has less.
// Pure value; guarded by its owner.

import DequeModule

/// First in, first out for each source; the sources take turns.
struct FairQueue<Source: Hashable, Element> {
  private var waiting: [Source: Deque<Element>] = [:]
  /// Sources with something waiting, the next first.
  private var turns: Deque<Source> = []
  private(set) var count = 0
  private let bound: Int

  /// At most `bound` elements wait.
  init(bound: Int) { self.bound = bound }

  var isEmpty: Bool { count == 0 }

  /// Puts an element behind the others of its source. Answers who has no place: `nil`, the element itself, or the last of
  /// the source with the most elements, if that has two more than this one.
  mutating func append(_ element: Element, of source: Source) -> Element? {
    var displaced: Element?
    if count >= bound {
      let own = waiting[source]?.count ?? 0
      guard let (longest, queue) = waiting.max(by: { $0.value.count < $1.value.count }), queue.count > own + 1 else {
        return element
      }
      displaced = waiting[longest]?.popLast()
      count -= 1
    }
    if waiting[source] == nil { turns.append(source) }
    waiting[source, default: []].append(element)
    count += 1
    return displaced
  }

  /// Takes out the element of a source that need not wait any more; `nil` if it does not wait.
  mutating func remove(of source: Source, where isWanted: (Element) -> Bool) -> Element? {
    guard let index = waiting[source]?.firstIndex(where: isWanted) else { return nil }
    let element = waiting[source]?.remove(at: index)
    count -= 1
    if waiting[source]?.isEmpty == true {
      waiting[source] = nil
      turns.removeAll { $0 == source }
    }
    return element
  }

  /// The next element.
  mutating func popFirst() -> Element? {
    guard let source = turns.popFirst(), let element = waiting[source]?.popFirst() else { return nil }
    count -= 1
    if waiting[source]?.isEmpty == true { waiting[source] = nil } else { turns.append(source) }
    return element
  }
}
