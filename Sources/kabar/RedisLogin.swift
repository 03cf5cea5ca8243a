// How to log in to Redis and how to make sure that it is the right one: options that several commands share.
// Never shows a password, neither the one that an address may hold nor one from a file.
// Pure value; main thread.

import ArgumentParser
import Foundation
import RedisClient
import TLS

/// What an address of Redis leaves to files.
struct RedisLogin: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The file with the password for Redis; a line end behind it is dropped. The user, if there is one, stands in the address as user:@host. (KABAR_REDIS_PASSWORD_FILE)",
      valueName: "file"))
  var redisPasswordFile: String?

  @Option(
    help: ArgumentHelp(
      "For rediss: trust the CA certificates in this file instead of the system's (PEM). (KABAR_REDIS_CA)",
      valueName: "file"))
  var redisCa: String?

  @Option(help: ArgumentHelp("For rediss: our certificate (PEM). (KABAR_REDIS_CERT)", valueName: "file"))
  var redisCert: String?

  @Option(help: ArgumentHelp("For rediss: the key of our certificate (PEM). (KABAR_REDIS_KEY)", valueName: "file"))
  var redisKey: String?

  /// Whether none of them was given on the command line.
  var isEmpty: Bool {
    redisPasswordFile == nil && redisCa == nil && redisCert == nil && redisKey == nil
  }

  /// The file with the password, if one is named.
  var passwordFile: String? {
    get throws { try Settings.optional(redisPasswordFile, "redis-password-file") }
  }

  /// The same as `address` for one from the command line, which every user of this machine can read: a password in it is
  /// refused, with the words where it may stand.
  func address(onCommandLine text: String, elsewhere: String) throws -> RedisAddress {
    guard try (RedisAddress(text).password ?? "").isEmpty else {
      throw Failure("every user of this machine can read a password in --redis: give it by \(elsewhere)")
    }
    return try address(text)
  }

  /// An address, completed by these options.
  func address(_ text: String) throws -> RedisAddress {
    do {
      var address = try RedisAddress(text)
      try addPassword(to: &address)
      try addFiles(to: &address)
      return address
    } catch let failure as TLSFailure {
      throw Failure(failure.description)
    }
  }

  /// What a child process needs to come to the same address: it goes by the environment, which others can't read.
  func environment() throws -> [String: String?] {
    [
      "KABAR_REDIS_PASSWORD_FILE": try passwordFile,
      "KABAR_REDIS_CA": try Settings.optional(redisCa, "redis-ca"),
      "KABAR_REDIS_CERT": try Settings.optional(redisCert, "redis-cert"),
      "KABAR_REDIS_KEY": try Settings.optional(redisKey, "redis-key"),
    ]
  }

  /// The same for a Redis that needs none of it.
  static let noEnvironment: [String: String?] = [
    "KABAR_REDIS_PASSWORD_FILE": nil, "KABAR_REDIS_CA": nil, "KABAR_REDIS_CERT": nil, "KABAR_REDIS_KEY": nil,
  ]

  private func addPassword(to address: inout RedisAddress) throws {
    guard let path = try passwordFile else { return }
    guard (address.password ?? "").isEmpty else {
      throw Failure("the password for Redis stands in the address or in a file, not in both")
    }
    address.password = try SecretFile.read(path)
  }

  private func addFiles(to address: inout RedisAddress) throws {
    let files = ClientTLS(
      trusted: try Settings.optional(redisCa, "redis-ca"),
      certificate: try Settings.optional(redisCert, "redis-cert"),
      key: try Settings.optional(redisKey, "redis-key"))
    guard address.tls != nil else {
      // Whoever names a CA believes that the connection is encrypted.
      if files != ClientTLS() {
        throw Failure("--redis-ca, --redis-cert and --redis-key are for a rediss:// address")
      }
      return
    }
    try files.check()
    address.tls = files
  }
}
