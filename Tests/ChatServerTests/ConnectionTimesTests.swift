// Owns: which limit of time a connection passes, and when.
// Must never: wait: the clock is an argument.
// Runs on: swift-testing.
import NIOCore
import Testing

@testable import ChatServer

@Suite struct ConnectionTimesTests {
  private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
  private let limits = ClientLimits()

  private func passed(_ times: ConnectionTimes, after seconds: Int64, isCrowded: Bool = false) -> Limit? {
    times.passed(limits, isCrowded: isCrowded, now: start + .seconds(seconds))
  }

  @Test func `a handshake has ten seconds, crowded or not`() {
    var times = ConnectionTimes(isIntroduced: false, now: start)
    #expect(passed(times, after: 9) == nil)
    #expect(passed(times, after: 10) == .loginTime)
    times.introduced(at: start + .seconds(9))
    #expect(passed(times, after: 18, isCrowded: true) == nil)
    #expect(passed(times, after: 19, isCrowded: true) == .loginTime)
  }

  @Test func `without a session ten seconds in a crowd, else as long as an idle connection`() {
    let times = ConnectionTimes(isIntroduced: true, now: start)
    #expect(passed(times, after: 10, isCrowded: true) == .loginTime)
    #expect(passed(times, after: 599) == nil)
    #expect(passed(times, after: 600) == .idleTime)
  }

  @Test func `who has logged in is not part of the crowd, until she logs out`() {
    var times = ConnectionTimes(isIntroduced: true, now: start)
    times.loggedIn(at: start + .seconds(1))
    #expect(!times.isAnonymous && passed(times, after: 100, isCrowded: true) == nil)
    times.bytesArrived(at: start + .seconds(100))
    times.lineEnded()
    times.loggedOut(at: start + .seconds(100))
    #expect(passed(times, after: 109, isCrowded: true) == nil)
    #expect(passed(times, after: 110, isCrowded: true) == .loginTime)
  }

  @Test func `what arrives prolongs, but a line must end`() {
    var times = ConnectionTimes(isIntroduced: true, now: start)
    times.loggedIn(at: start)
    times.bytesArrived(at: start + .seconds(500))
    times.lineEnded()
    #expect(passed(times, after: 1099) == nil)
    #expect(passed(times, after: 1100) == .idleTime)
    times.lineIsOpen(true, at: start + .seconds(1000))
    times.lineIsOpen(true, at: start + .seconds(1029))
    #expect(passed(times, after: 1029) == nil)
    #expect(passed(times, after: 1030) == .lineTime)
    times.bytesArrived(at: start + .seconds(1030))
    times.lineEnded()
    #expect(passed(times, after: 1031) == nil)
  }

  @Test func `switched off, nothing ends a connection`() {
    var off = limits
    off.switchOff()
    var times = ConnectionTimes(isIntroduced: false, now: start)
    times.lineIsOpen(true, at: start)
    #expect(times.passed(off, isCrowded: true, now: start + .hours(1000)) == nil)
  }
}
