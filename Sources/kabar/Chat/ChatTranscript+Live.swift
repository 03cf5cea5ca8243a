// Owns: the printed lines for what happens by itself: messages, presence, the connection.
// Must never: print; or let a character through with which a message could drive the terminal.
// Runs on: values.
import ChatClient

extension ChatTranscript {
  /// A message that has arrived: who it is from, and in brackets where an answer goes.
  package static func line(for message: IncomingMessage) -> ChatLine {
    .output(safe("\(message.senderName) (\(message.sender)): \(message.text)"))
  }

  /// News of who is active.
  package static func line(for update: PresenceUpdate) -> ChatLine {
    switch update {
    case .snapshot(let active) where active.count == 0: .output("nobody of them is active now")
    case .snapshot(let active): .output(safe("active now: \(names(active.names, count: active.count))"))
    case .changed(let user, let isActive, _): .output(safe("\(user) is \(isActive ? "active" : "gone")"))
    case .summary(let count): .output("much has changed: \(count) users are active")
    case .missed: .output("changes were missed: watch again to see who is active")
    }
  }

  /// What became of the connection.
  package static func line(for state: ChatClient.State) -> ChatLine {
    switch state {
    case .connected: .output("connected again")
    case .sessionEnded: .error("the session has ended: log in again: auth USER PASSWORD")
    case .disconnected(let reason, let retryIn):
      .error(safe("connection lost: \(reason), trying again in \(seconds(retryIn)) s"))
    }
  }

  /// What `help` prints in addition where messages arrive by themselves.
  package static let liveHelp: [ChatLine] = """
    watch USER ...       tell when they become active or go; watch * for everyone
    unwatch              no longer
    resume TOKEN         take part in a session
    """.split(separator: "\n").map { .output(String($0)) }

  /// To tenths, rounded up, without a zero behind the point.
  private static func seconds(_ duration: Duration) -> String {
    let tenths = max(1, Int((duration / .milliseconds(100)).rounded(.up)))
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }
}
