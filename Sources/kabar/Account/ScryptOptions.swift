// What a password hash costs, as options and environment variables.
// Never lets a cost through that one login could not pay.
// Main thread of a command.

import ArgumentParser
import ChatState

/// The parameters of scrypt (RFC 7914).
struct ScryptOptions: ParsableArguments {
  @Option(
    name: .customLong("scrypt-log2n"),
    help: ArgumentHelp(
      "Cost of password hashes: base-2 logarithm of scrypt's N, 1 to 20. The default takes 32 MiB and 50 to 100 ms; each "
        + "more doubles both. (KABAR_SCRYPT_LOG2N; default 15)", valueName: "n"))
  var log2n: Int?

  @Option(
    name: .customLong("scrypt-r"),
    help: ArgumentHelp("scrypt's block size, 1 to 32. (KABAR_SCRYPT_R; default 8)", valueName: "n"))
  var blockSize: Int?

  @Option(
    name: .customLong("scrypt-p"),
    help: ArgumentHelp("scrypt's parallelism, 1 to 16. (KABAR_SCRYPT_P; default 1)", valueName: "n"))
  var parallelism: Int?

  /// The cost; an error names the options.
  func resolved() throws -> PasswordHash.Cost {
    let standard = PasswordHash.Cost.standard
    let log2n = try Settings.number(log2n, "scrypt-log2n", standard.log2n, 1...20)
    let blockSize = try Settings.number(blockSize, "scrypt-r", standard.blockSize, 1...32)
    let parallelism = try Settings.number(parallelism, "scrypt-p", standard.parallelism, 1...16)
    guard let cost = PasswordHash.Cost(checking: log2n, blockSize: blockSize, parallelism: parallelism) else {
      throw ValidationError(
        "--scrypt-log2n \(log2n), --scrypt-r \(blockSize) and --scrypt-p \(parallelism) don't go together: a hash may "
          + "cost no more than 20, 8 and 1, and N is below 2^(16 r)")
    }
    return cost
  }
}
