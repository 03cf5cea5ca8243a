// What of the log is written: from which level on, and how often the same warning.
// Never lets a failure that repeats itself a thousand times a second fill a disk.
// Any thread: behind a lock.

import Logging
import NIOCore
import Synchronization

/// The level of a whole process, which can be changed while it runs, and a bound for warnings that repeat.
final class LogControl: Sendable {
  private struct Repetition {
    var since: NIODeadline
    var count = 0
    var suppressed = 0
  }

  private struct State {
    var level: Logger.Level
    var repetitions: [String: Repetition] = [:]
  }

  /// So many lines with the same words are written in a period; the first one of a later period says how many were not.
  static let burst = 5
  static let period = TimeAmount.seconds(10)
  /// Different words that are remembered; beyond it all are forgotten.
  private static let memory = 200

  /// The level that was asked for at the start.
  private let configured: Logger.Level
  private let state: Mutex<State>

  /// Begins with this level.
  init(level: Logger.Level) {
    configured = level
    state = Mutex(State(level: level))
  }

  /// The least severe level that is written.
  var level: Logger.Level { state.withLock { $0.level } }

  /// One step towards more detail; behind the most detailed one, back to what was asked for at the start.
  func stepLevel() -> Logger.Level {
    state.withLock { state in
      let more = Logger.Level.allCases.last { $0 < state.level }
      state.level = more ?? configured
      return state.level
    }
  }

  /// Whether a line with these words is to be written now, and how many like it were not since the last one.
  func admit(_ level: Logger.Level, _ message: String, at now: NIODeadline) -> (isWritten: Bool, suppressed: Int) {
    guard level >= .warning else { return (true, 0) }
    return state.withLock { state in
      if state.repetitions.count >= Self.memory, state.repetitions[message] == nil { state.repetitions = [:] }
      var repetition = state.repetitions[message] ?? Repetition(since: now)
      var suppressed = 0
      if repetition.since + Self.period <= now {
        suppressed = repetition.suppressed
        repetition = Repetition(since: now)
      }
      repetition.count += 1
      let isWritten = repetition.count <= Self.burst
      if !isWritten { repetition.suppressed += 1 }
      state.repetitions[message] = repetition
      return (isWritten, suppressed)
    }
  }
}
