// Owns: handing what arrived on an event loop to the one task that consumes it; waiting, failure and end.
// Must never: hold more than its buffer permits, or lose an element because a waiting task was cancelled.
// Runs on: any thread.
import Synchronization

/// What a ``Feed`` holds; it bounds itself.
protocol FeedBuffer: Sendable {
  associatedtype Element: Sendable
  /// The oldest element, taken out.
  mutating func popFirst() -> Element?
}

/// A bounded queue between the events of a connection and an asynchronous sequence.
final class Feed<Buffer: FeedBuffer>: Sendable {
  private struct State {
    var buffer: Buffer
    var failure: ChatClientError?
    var isFinished = false
  }

  private let state: Mutex<State>
  private let arrived = Signal()

  init(_ buffer: Buffer) {
    state = Mutex(State(buffer: buffer))
  }

  /// Looks into the buffer or changes it; whoever waits looks again.
  @discardableResult
  func update<Value: Sendable>(_ body: @Sendable (inout Buffer) -> Value) -> Value {
    defer { arrived.raise() }
    return state.withLock { body(&$0.buffer) }
  }

  /// Once what is buffered was taken, the consumer gets this error, once.
  func fail(_ failure: ChatClientError) {
    state.withLock { $0.failure = failure }
    arrived.raise()
  }

  /// Forgets a failure that nobody has met.
  func recover() {
    state.withLock { $0.failure = nil }
  }

  /// Nothing comes any more: the consumer gets nil at once, and always.
  func finish() {
    state.withLock { $0.isFinished = true }
    arrived.raise()
  }

  /// The next element; nil at the end, and if the task is cancelled (the next call goes on where this one stopped).
  func next() async throws(ChatClientError) -> Buffer.Element? {
    while true {
      let version = arrived.version
      let found: Result<Buffer.Element?, ChatClientError>? = state.withLock { state in
        if state.isFinished || Task.isCancelled { return .success(nil) }
        if let element = state.buffer.popFirst() { return .success(element) }
        guard let failure = state.failure else { return nil }
        state.failure = nil
        return .failure(failure)
      }
      if let found { return try found.get() }
      await arrived.wait(since: version)
    }
  }
}
