// The name of one life of a node process.
// Never used twice: a node that comes back is another incarnation.
// Pure value; any thread.

/// A node's name and a random part, as in `n1-3f9a2c61`.
package struct NodeID: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  /// A new incarnation of the node with this name.
  package init(newIncarnationOf name: String) {
    let random = String(UInt32.random(in: .min ... .max), radix: 16)
    description = name + "-" + String(repeating: "0", count: 8 - random.count) + random
  }

  /// An id as it stands in Redis.
  package init(_ text: String) { description = text }
}
