// Owns: everything that can go wrong between a caller and a chat server, in words for people.
// Must never: hold an error of a lower layer; what a caller can act on is a case of its own.
// Runs on: values.
import NIOCore
import NIOPosix
import TLS

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Why a call on a ``ChatClient`` or a ``ChatConnection`` failed.
public enum ChatClientError: Error, Equatable, Sendable {
  /// The server answered with `"status":"ERROR"`. The connection stays usable unless the server then closes it.
  /// `code` is stable and for programs (nil on servers that send none), `message` is for people,
  /// `retryAfter` says when the same request may work.
  case refused(code: String?, message: String, retryAfter: Duration? = nil)
  /// Nothing was sent, because the arguments don't make one valid request line.
  case notSent(reason: String)
  /// No connection was made: wrong address, nobody listening, no route, or no answer in time.
  case couldNotConnect(reason: String)
  /// The connection ended. Whether the server has carried out the requests without a reply is not known.
  case connectionClosed
  /// The oldest request had no reply in time, so the connection was closed. Its outcome is not known.
  case timedOut
  /// The server sent something that is not a reply of the protocol, so the connection was closed.
  case malformedReply(reason: String)
  /// The server doesn't know what this needs (a server of the course protocol, for example).
  case unsupported(feature: String)
  /// The calling task was cancelled. Whether the server has carried out the request is not known.
  case cancelled
}

extension ChatClientError: CustomStringConvertible {
  /// One line in plain words, without a code. A server's own words are passed on as they came.
  public var description: String {
    switch self {
    case .refused(_, let message, _): message
    case .notSent(let reason): reason
    case .couldNotConnect(let reason): reason
    case .connectionClosed: "the server closed the connection"
    case .timedOut: "the server did not answer in time"
    case .malformedReply(let reason): "the server's answer is not of the chat protocol: \(reason)"
    case .unsupported(let feature): "this server can't do that: \(feature)"
    case .cancelled: "cancelled"
    }
  }
}

extension ChatClientError {
  /// Puts what the socket layer says about a failed connect into plain words.
  static func connecting(host: String, port: Int, failure: any Error) -> ChatClientError {
    .couldNotConnect(reason: "cannot connect to \(host) port \(port): \(plainWords(failure))")
  }

  private static func plainWords(_ failure: any Error) -> String {
    switch failure {
    case let several as NIOConnectionError:
      // Every address of the name was tried; without one, the name itself is what failed.
      several.connectionErrors.first.map { plainWords($0.error) } ?? "this host name is not known"
    case let error as IOError:
      plainWords(errno: error.errnoCode) ?? "\(error)"
    case ChannelError.connectTimeout(let timeout):
      "no answer within \(timeout.nanoseconds / 1_000_000_000) seconds"
    default:
      TLSFailure(failure, now: time(nil))?.description ?? "\(failure)"
    }
  }

  private static func plainWords(errno code: CInt) -> String? {
    switch code {
    case ECONNREFUSED: "no server listens there (connection refused)"
    case EHOSTUNREACH, ENETUNREACH: "there is no route to this host"
    case ETIMEDOUT: "the host does not answer"
    case ECONNRESET: "the host closed the connection at once"
    case EACCES, EPERM: "this machine does not permit it"
    default: nil
    }
  }
}

extension ChatClientError {
  /// The longest wait that a server can ask for.
  static let longestRetryAfter = Duration.seconds(180)

  /// In how long the same request may work, if the server said so: zero to three minutes.
  var retryAfter: Duration? {
    guard case .refused(_, _, let retryAfter?) = self else { return nil }
    return min(max(retryAfter, .zero), Self.longestRetryAfter)
  }

  /// Whether the server may have carried the request out.
  var leavesOutcomeOpen: Bool {
    switch self {
    case .connectionClosed, .timedOut, .refused("outcome_unknown", _, _): true
    default: false
    }
  }

  /// Whether this also tells that no earlier try of the same request was carried out.
  var isFinal: Bool {
    guard case .refused(let code?, _, _) = self else { return false }
    return !isSessionGone && !Retry.passing.contains(code)
  }

  /// Whether the server refused because the session is unknown or has ended.
  var isInvalidSession: Bool {
    if case .refused("invalid_session", _, _) = self { true } else { false }
  }

  /// Whether the server takes this connection for nobody's.
  var isSessionGone: Bool {
    if case .refused("not_logged_in", _, _) = self { true } else { isInvalidSession }
  }

  /// Whether the server refused because it doesn't know the command. Servers of the course protocol name no codes.
  var isUnknownCommand: Bool {
    switch self {
    case .refused(nil, _, _), .refused("unknown_command", _, _): true
    default: false
    }
  }

  /// The error for the program: a feature is missing, where the server's own words would be about a command.
  func named(_ feature: String) -> ChatClientError { isUnknownCommand ? .unsupported(feature: feature) : self }
}
