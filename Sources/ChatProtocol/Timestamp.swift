// A moment as the protocol writes it.
// Never reads a clock: the caller brings the moment.
// Pure value; any thread.

/// A moment in UTC, to the millisecond.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  public let milliseconds: Int64

  /// A moment from its distance to the epoch.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Earlier before later.
  public static func < (one: Timestamp, other: Timestamp) -> Bool { one.milliseconds < other.milliseconds }

  /// RFC 3339 with milliseconds: `2026-11-22T16:04:05.006Z`.
  public var description: String {
    let day = milliseconds.quotient(flooredBy: 86_400_000)
    let within = milliseconds - day * 86_400_000
    let date = CivilDate(daysSinceEpoch: day)
    var text = ""
    text.reserveCapacity(24)
    text.append(digits: date.year, 4)
    text.append("-")
    text.append(digits: date.month, 2)
    text.append("-")
    text.append(digits: date.day, 2)
    text.append("T")
    text.append(digits: within / 3_600_000, 2)
    text.append(":")
    text.append(digits: within / 60_000 % 60, 2)
    text.append(":")
    text.append(digits: within / 1000 % 60, 2)
    text.append(".")
    text.append(digits: within % 1000, 3)
    text.append("Z")
    return text
  }
}

/// A date of the proleptic Gregorian calendar, from Howard Hinnant's `civil_from_days`
/// (howardhinnant.github.io/date_algorithms.html): years begin in March, so that the leap day is the last of its year.
private struct CivilDate {
  let year: Int64
  let month: Int64
  let day: Int64

  init(daysSinceEpoch: Int64) {
    let shifted = daysSinceEpoch + 719_468  // days from 0000-03-01 to 1970-01-01
    let era = shifted.quotient(flooredBy: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}

extension Int64 {
  fileprivate func quotient(flooredBy divisor: Int64) -> Int64 {
    self >= 0 ? self / divisor : (self - divisor + 1) / divisor
  }
}

extension String {
  fileprivate mutating func append(digits number: Int64, _ width: Int) {
    let digits = String(number)
    for _ in digits.utf8.count..<Swift.max(width, digits.utf8.count) { append("0") }
    append(digits)
  }
}
