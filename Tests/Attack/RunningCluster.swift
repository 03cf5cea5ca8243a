// Owns: what a cluster that is not ours needs for a run, and that it is gone behind it.
// Must never: touch an account that it has not added.
// Runs on: the main thread.
import Foundation
import Glibc
import TestSupport

/// A cluster that somebody else runs.
struct RunningCluster {
  private let program: String
  private let redis: String
  private let scryptLog2N: Int
  private let accounts: Accounts

  init(program: String, redis: String, scryptLog2N: Int, _ accounts: Accounts) {
    (self.program, self.redis, self.scryptLog2N, self.accounts) = (program, redis, scryptLog2N, accounts)
  }

  func addAccounts() throws {
    let folder = try TestFolder()
    let child = try accounts.importCommand(program, redis: redis, scryptLog2N: scryptLog2N, in: folder)
    guard Self.end(of: child) == "exit status 0" else {
      throw TestFailure("the accounts can't be added: \(folder.text(of: "import.log"))")
    }
  }

  /// There is no removing an account; nobody can log in to one that is disabled.
  func disableAccounts() {
    for name in accounts.all {
      guard let child = try? ChildProcess([program, "account", "disable", name, "--redis", redis], output: "/dev/null")
      else { continue }
      _ = Self.end(of: child)
    }
  }

  private static func end(of child: ChildProcess) -> String? {
    for _ in 0..<6000 {
      if let reason = child.reap() { return reason }
      usleep(10_000)
    }
    child.end()
    return nil
  }
}
