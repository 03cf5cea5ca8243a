// Owns: the test of the waits between restarts.
// Must never: sleep.
// Runs on: any thread.
import Testing

@testable import Supervisor

@Suite struct RestartBackoffTests {
  @Test func `doubles from 100 ms to 5 s and stays there`() {
    var backoff = RestartBackoff()
    let waits = (0..<8).map { _ in backoff.delay(afterLifetime: .zero).milliseconds }
    #expect(waits == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
  }

  @Test func `begins again after ten seconds of life, not before`() {
    var backoff = RestartBackoff()
    for _ in 0..<4 { _ = backoff.delay(afterLifetime: .zero) }
    #expect(backoff.delay(afterLifetime: .milliseconds(9_999)) == .milliseconds(1600))
    #expect(backoff.delay(afterLifetime: .seconds(10)) == .milliseconds(100))
    #expect(backoff.delay(afterLifetime: .zero) == .milliseconds(200))
  }
}
