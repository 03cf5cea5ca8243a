// Who hashes next: sources that somebody has logged in from before, then strangers.
// Never lets strangers, however many, keep the known from their turn for long, nor the known the strangers.
// Pure value; guarded by its owner.

import ChatState

/// Two fair queues: of sources that are known, and of strangers. While both wait, each fourth turn is a stranger's: a guesser
/// who has a hundred addresses is a hundred strangers, and the people who were here before wait for each other only.
struct TurnQueue<Element> {
  private var known: FairQueue<LoginSource, Element>
  private var strangers: FairQueue<LoginSource, Element>
  /// Turns of the known since the last stranger's.
  private var passed = 0

  /// At most `bound` elements wait in each of the two.
  init(bound: Int) {
    known = FairQueue(bound: bound)
    strangers = FairQueue(bound: bound)
  }

  var count: Int { known.count + strangers.count }

  /// Puts an element behind the others of its source. Answers who has no place, as `FairQueue` does.
  mutating func append(_ element: Element, of source: LoginSource, isKnown: Bool) -> Element? {
    isKnown ? known.append(element, of: source) : strangers.append(element, of: source)
  }

  /// Takes out the element of a source that need not wait any more; `nil` if it does not wait.
  mutating func remove(of source: LoginSource, where isWanted: (Element) -> Bool) -> Element? {
    known.remove(of: source, where: isWanted) ?? strangers.remove(of: source, where: isWanted)
  }

  /// The next element.
  mutating func popFirst() -> Element? {
    if strangers.isEmpty || (passed < 3 && !known.isEmpty) {
      passed += 1
      return known.popFirst()
    }
    passed = 0
    return strangers.popFirst()
  }
}
