// Runs password hashing away from the event loops, a few at a time.
// Never lets the queue grow past its bound.
// Called from any event loop; the work runs on threads of its own.

import ChatState
import NIOCore
import NIOPosix
import Synchronization

/// A bounded pool for scrypt.
final class PasswordChecks: Sendable {
  private let pool: NIOThreadPool
  private let capacity: Int
  private let pending = Mutex(0)

  /// `threads` checks run at once, `waiting` more may queue.
  init(threads: Int, waiting: Int) {
    pool = NIOThreadPool(numberOfThreads: threads)
    capacity = threads + waiting
    pool.start()
  }

  /// Checks a password; `nil` at once if too many wait. A missing account costs as much as a wrong password.
  func check(_ password: String, against stored: String?, on eventLoop: any EventLoop) -> EventLoopFuture<Bool>? {
    let admitted = pending.withLock { pending in
      guard pending < capacity else { return false }
      pending += 1
      return true
    }
    guard admitted else { return nil }
    return pool.runIfActive(eventLoop: eventLoop) {
      defer { self.pending.withLock { $0 -= 1 } }
      return (stored.flatMap { PasswordHash($0) } ?? .ofNobody).matches(password)
    }
  }

  func stop() async { try? await pool.shutdownGracefully() }
}
