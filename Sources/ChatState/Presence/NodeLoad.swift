// How much a node has to do, as it stands in Redis.
// Never exact to the moment: a node writes it when it renews its lease.
// Pure value; any thread.

/// The fields `connections`, `messages` and `rate` of `kabar:node:ID`.
package struct NodeLoad: Equatable, Sendable {
  /// Open connections of clients, logged in or not.
  package let connections: Int
  /// Sends that were answered OK since the process began.
  package let messages: Int
  /// The same per second, between the last two renewals of the lease; 0 or more.
  package let rate: Double

  /// A node that has done nothing yet.
  package static let none = NodeLoad(connections: 0, messages: 0, rate: 0)

  /// All numbers are 0 or more.
  package init(connections: Int, messages: Int, rate: Double) {
    (self.connections, self.messages, self.rate) = (connections, messages, rate)
  }

  /// The rate has one digit behind the point: `12.5`.
  var fields: [(String, String)] {
    let tenths = Int((rate * 10).rounded())
    return [
      ("connections", "\(connections)"), ("messages", "\(messages)"), ("rate", "\(tenths / 10).\(tenths % 10)"),
    ]
  }
}
