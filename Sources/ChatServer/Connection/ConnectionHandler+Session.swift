// Whose session a connection uses, and where its client is.
// Never decides whether a session lives: Dispatch asks Redis, the channel `control` says when one ends.
// On the event loop of the connection.

import ChatProtocol
import ChatState
import NIOCore

extension ConnectionHandler {
  /// Binds the connection to a session, in place of the one before; the future succeeds when Redis knows that the user
  /// is active here.
  func bind(_ session: Session, token: SessionToken) -> EventLoopFuture<Void> {
    if listening?.user != session.user { stopListening() }
    let listeners = isListening ? 1 : 0
    letGo(sessionEnded: false, listeners: -listeners)
    if isClosed { return worker.eventLoop.makeSucceededVoidFuture() }
    let now = NIODeadline.now()
    binding = Binding(
      session, token: token, rate: worker.commandRates.rate(of: session),
      blockers: worker.blockers.blockers(of: session.user), checkedAt: now)
    times.loggedIn(at: now)
    worker.bound(self, to: session.id)
    return worker.membership.change(
      session.user, session.id, connections: 1, listeners: listeners, graceful: true, on: worker.eventLoop)
  }

  /// Lets go of the session; the future succeeds when Redis knows. `sessionEnded`: the user is not coming back with it, so
  /// she stays active only where she has other connections.
  @discardableResult
  func unbind(sessionEnded: Bool = false) -> EventLoopFuture<Void> {
    let listeners = isListening ? -1 : 0
    listening?.end(isUnbinding: true)
    listening = nil
    return letGo(sessionEnded: sessionEnded, listeners: listeners)
  }

  @discardableResult
  private func letGo(sessionEnded: Bool, listeners: Int) -> EventLoopFuture<Void> {
    guard let session = binding?.session else { return worker.eventLoop.makeSucceededVoidFuture() }
    binding = nil
    times.loggedOut(at: .now())
    worker.unbound(self, from: session.id)
    return worker.membership.change(
      session.user, session.id, connections: -1, listeners: listeners, graceful: !sessionEnded, on: worker.eventLoop)
  }

  /// The session was ended elsewhere.
  func sessionEnded() {
    if isListening, !isLoggingOut { push(.sessionEnded) }
    unbind(sessionEnded: true)
  }

  func distrustSession() { binding?.distrust() }

  func trustSession() { binding?.trust() }

  /// Where the client is, for the operator.
  var remoteAddress: String { client?.description ?? "unknown" }

  /// The same as it is counted against guessing.
  var loginSource: LoginSource { admittedSource ?? .unknown }
}
