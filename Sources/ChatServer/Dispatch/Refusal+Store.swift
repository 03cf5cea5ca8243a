// What a client is told when Redis could not do what it asked for.
// Never an OK, and never "nothing was done" where that is not known.
// Pure function; any thread.

import ChatProtocol
import RedisClient

extension Refusal {
  /// `outcome_unknown` if Redis may have carried the change out, else `unavailable`. For a mere reading it is always
  /// `unavailable`.
  static func store(_ error: RedisError) -> Refusal { error.outcomeIsUnknown ? .outcomeUnknown : .unavailable }
}
