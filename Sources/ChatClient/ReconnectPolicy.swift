// Owns: how long to wait before the next connection, and before the next try of a request.
// Must never: wait itself.
// Runs on: values.

/// Exponential backoff with full jitter: a random time between zero and a ceiling that doubles with each failure, so that
/// the clients of a lost node don't come back in step.
public struct ReconnectPolicy: Sendable, Equatable {
  /// The ceiling of the first wait.
  public var base: Duration
  /// The highest ceiling.
  public var cap: Duration
  /// A connection that has lasted this long was a success: the next failure counts as the first one.
  public var stableAfter: Duration

  /// Waits for at most `base`, then twice as long, and so on up to `cap`.
  public init(
    base: Duration = .milliseconds(250), cap: Duration = .seconds(20), stableAfter: Duration = .seconds(10)
  ) {
    (self.base, self.cap, self.stableAfter) = (base, cap, stableAfter)
  }

  /// The ceiling behind so many failures.
  func ceiling(failures: Int) -> Duration {
    var ceiling = base
    var doublings = 0
    while doublings < failures, ceiling < cap {
      ceiling *= 2
      doublings += 1
    }
    return min(ceiling, cap)
  }
}

/// The failures of one client so far.
struct Reconnects {
  let policy: ReconnectPolicy
  private var failures = 0

  init(policy: ReconnectPolicy) {
    self.policy = policy
  }

  /// The wait behind one more failure.
  ///
  /// - Parameter lasted: how long the connection was in use; nil if none was made.
  mutating func pause(
    after failure: ChatClientError, lasted: Duration?, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    if let lasted, lasted >= policy.stableAfter { failures = 0 }
    let jittered = policy.ceiling(failures: failures) * Double.random(in: 0...1, using: &generator)
    failures += 1
    // Not before the server's time, and not all clients at that time.
    return (failure.retryAfter ?? .zero) + jittered
  }
}

/// Whether and when a request that is carried out only once, however often it is asked for, is asked for again.
enum Retry {
  /// The refusals that pass.
  static let passing: Set<String> = [
    "unavailable", "busy", "outcome_unknown", "slow_down", "too_many_attempts", "too_many_connections",
  ]
  private static let backoff = ReconnectPolicy(base: .milliseconds(50), cap: .seconds(2))

  /// The wait before try number `tries` + 1; nil if that would be of no use.
  static func pause(
    after failure: ChatClientError, tries: Int, using generator: inout some RandomNumberGenerator
  ) -> Duration? {
    let jitter = backoff.ceiling(failures: tries - 1) * Double.random(in: 0...1, using: &generator)
    switch failure {
    case .connectionClosed, .timedOut: return jitter
    case .refused(let code?, _, _) where passing.contains(code): return (failure.retryAfter ?? .zero) + jitter
    default: return nil
    }
  }
}
