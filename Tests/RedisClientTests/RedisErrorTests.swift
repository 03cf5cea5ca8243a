// Owns: proof of what errors of the server and of the client mean to a caller.
// Must never: open a socket.
// Runs on: any thread.
import Testing

@testable import RedisClient

@Suite struct RedisErrorTests {
  @Test(arguments: [
    ("NOSCRIPT No matching script", RedisServerError.Kind.noScript), ("LOADING Redis is loading", .loading),
    ("BUSY a script", .busy), ("READONLY You can't", .readOnly), ("MASTERDOWN Link", .masterDown),
    ("TRYAGAIN x", .tryAgain), ("OOM command not allowed", .outOfMemory), ("MISCONF Redis is", .misconfigured),
    ("NOREPLICAS Not enough", .noReplicas), ("NOAUTH Authentication", .noAuthentication),
    ("WRONGPASS invalid", .wrongPassword), ("NOPERM this user", .noPermission), ("WRONGTYPE Operation", .wrongType),
    ("OOM", .outOfMemory), ("ERR unknown command", .other), ("OOMPH", .other), ("oom x", .other), ("", .other),
    (" OOM", .other),
  ])
  func `reads the kind from the first word`(message: String, kind: RedisServerError.Kind) {
    let error = RedisServerError(message: message)
    #expect(error.kind == kind)
    #expect(error.message == message)
  }

  @Test(arguments: [
    ("ERR unknown command 'AUTH', with args beginning with: 'kabar' 's3cr3t' ", "ERR unknown command 'AUTH'"),
    ("ERR unknown command `RPUSHX`, with args beginning with: `s3cr3t`, ", "ERR unknown command `RPUSHX`"),
    ("ERR unknown 'X', with args beginning with: 's3, with args beginning with: cr3t'", "ERR unknown 'X'"),
    ("ERR unknown command 'PING', with args beginning with: ", "ERR unknown command 'PING'"),
  ])
  func `keeps nothing of what Redis repeats of a request`(line: String, message: String) {
    let error = RedisServerError(message: line)
    #expect(error.message == message && error.kind == .other)
    #expect(RedisError.server(error).description == "Redis answered: \(message)")
  }

  @Test func `knows when an outcome is unknown`() {
    let refused = RedisError.server(RedisServerError(message: "OOM x"))
    let unknown: [RedisError] = [.connectionLost(written: true), .timedOut(written: true), .unexpectedReply]
    let known: [RedisError] = [
      .connectionLost(written: false), .timedOut(written: false), .overloaded, .closed, refused,
    ]
    for error in unknown { #expect(error.outcomeIsUnknown, "\(error)") }
    for error in known { #expect(!error.outcomeIsUnknown, "\(error)") }
  }

  @Test func `a request tells a value from an error and from nonsense`() {
    let request = RedisRequest(RedisCommand("GET", "k")) { $0.integer }
    let error = RedisServerError(message: "WRONGTYPE x")
    #expect(request.value(of: .success(.integer(3))) == .success(3))
    #expect(request.value(of: .success(.bytes(Array("-4".utf8)))) == .success(-4))
    #expect(request.value(of: .success(.null)) == .failure(.unexpectedReply))
    #expect(request.value(of: .success(.error(error))) == .failure(.server(error)))
    #expect(request.value(of: .failure(.closed)) == .failure(.closed))
  }
}
