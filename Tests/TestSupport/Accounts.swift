// Owns: the accounts of a test, made as an operator makes them.
// Must never: write to Redis behind the program's back.
// Runs on: any thread.
import Foundation

extension RedisServer {
  /// Imports accounts with the password `pw` and cheap hashes; `lineker` is displayed as `Display lineker`.
  public func addAccounts(_ names: String...) async throws { try await addAccounts(names) }

  /// The same for many, with hashes that take 2^`log2N` rounds.
  public func addAccounts(_ names: [String], log2N: Int = 2) async throws {
    let folder = try TestFolder()
    let file = "\(folder.path)/accounts.csv"
    try names.map { "\($0),pw,Display \($0)\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
    let process = try TestProcess(
      kabarProgram, ["account", "import", file, "--scrypt-log2n", "\(log2N)", "--redis", url],
      output: "\(folder.path)/output")
    guard process.waitUntilExit() == 0 else { throw TestFailure("account import: \(process.text)") }
  }
}
