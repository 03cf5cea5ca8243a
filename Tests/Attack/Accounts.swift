// Owns: the names of a run: whom it is done to, and who does it.
// Must never: be an account that somebody uses.
// Runs on: any thread; a value.

/// The accounts of one run. All have the same password, which no attack is told except for the attackers' own.
struct Accounts: Sendable {
  /// Also for a running cluster: names that nobody has.
  private let prefix: String
  let password: String
  let talkers: [String]
  let listeners: [String]
  /// Whose session arrivals resume.
  let newcomer: String
  /// Who log in and out.
  let visitors: [String]
  /// The attackers' own.
  let attackers: [String]

  init() {
    prefix = "attack-\(UInt32.random(in: 1...0xFFFF_FFFF))-"
    password = "pw-\(UInt64.random(in: .min ... .max))"
    let prefix = prefix
    talkers = (0..<16).map { "\(prefix)talker-\($0)" }
    listeners = (0..<8).map { "\(prefix)listener-\($0)" }
    newcomer = "\(prefix)newcomer"
    visitors = (0..<4).map { "\(prefix)visitor-\($0)" }
    attackers = (0..<20).map { "\(prefix)mallory-\($0)" }
  }

  var all: [String] { talkers + listeners + [newcomer] + visitors + attackers }
  /// Whose password is guessed: somebody who logs in meanwhile.
  var victim: String { visitors[0] }
}

/// What no log of a node may hold.
enum Secrets {
  /// What each message of the people ends with.
  static let text = "piye kabare?"
  /// What each guessed password begins with.
  static let guess = "guess-"

  /// All of a run.
  static func all(_ accounts: Accounts, tokens: [String]) -> [String] { [accounts.password, text, guess] + tokens }
}
