// How much of what the kernel has received from a client has come out of the wrapping around its lines.
// Never guesses: where a part can't be known before its end, it counts whole parts.
// On the event loop of the connection.

import TLS

/// Compares the kernel's count of a connection's bytes with the lines that were in them: behind TLS and in WebSocket frames
/// the two differ.
package protocol InputMeter: AnyObject {
  /// Bytes, as the kernel counts them, all of whose content is with the connection.
  var delivered: Int { get }
  /// A line has been begun that has not come yet.
  var isPartWaiting: Bool { get }
}

extension InputMeter {
  /// What can't see lines leaves it to who can.
  package var isPartWaiting: Bool { false }
}

extension RecordMeter: InputMeter {}
