// `kabar account`: the commands that change accounts, straight in Redis.
// Never shows or takes a password on the command line.
// Async tasks.

import ArgumentParser
import ChatProtocol
import ChatState
import RedisClient

struct AccountCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "account", abstract: "Add, import, list, change and remove accounts.",
    subcommands: [Add.self, Import.self, List.self, Passwd.self, Disable.self, Enable.self, Remove.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add an account.")

    @Argument(help: "The name to log in with: a-z 0-9 . _ -, at most 32 characters.") var name: AccountName
    @Option(name: .customLong("name"), help: "The name that others see. (default: the account's name)")
    var display: DisplayName?
    @OptionGroup var password: PasswordInput
    @OptionGroup var scrypt: ScryptOptions
    @OptionGroup var redis: RedisOption

    func run() async throws {
      let cost = try scrypt.resolved()
      let display = display ?? DisplayName(name.description)
      guard let display else { throw ValidationError("--name must not be empty") }
      let secret = try password.read(asking: "Password for \(name): ")
      let added = try await AccountStore.with(redis) { try await $0.add(name, display, password: secret, cost: cost) }
      guard added else { throw Failure("there is already an account \(name)") }
      print("added \(name)")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all accounts.")

    @OptionGroup var redis: RedisOption

    func run() async throws {
      try await AccountStore.with(redis) { store in
        try await store.visitAll { name, account in
          print(name.padded(to: 32), account.display + (account.isDisabled ? " (disabled)" : ""))
        }
      }
    }
  }

  struct Passwd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set an account's password and end its sessions.")

    @Argument(help: "The account.") var name: AccountName
    @OptionGroup var password: PasswordInput
    @OptionGroup var scrypt: ScryptOptions
    @OptionGroup var redis: RedisOption

    func run() async throws {
      let cost = try scrypt.resolved()
      let secret = try password.read(asking: "New password for \(name): ")
      let known = try await AccountStore.with(redis) { try await $0.setPassword(of: name, secret, cost: cost) }
      guard known else { throw Failure("there is no account \(name)") }
      print("changed the password of \(name); its sessions have ended")
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Disable an account: its sessions end, nobody can log in or send to it, its messages stay.")

    @Argument(help: "The account.") var name: AccountName
    @OptionGroup var redis: RedisOption

    func run() async throws {
      let known = try await AccountStore.with(redis) { try await $0.setDisabled(true, name) }
      guard known else { throw Failure("there is no account \(name)") }
      print("disabled \(name)")
    }
  }

  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Enable a disabled account again.")

    @Argument(help: "The account.") var name: AccountName
    @OptionGroup var redis: RedisOption

    func run() async throws {
      let known = try await AccountStore.with(redis) { try await $0.setDisabled(false, name) }
      guard known else { throw Failure("there is no account \(name)") }
      print("enabled \(name)")
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove an account with its sessions and all messages that wait for it.")

    @Argument(help: "The account.") var name: AccountName
    @OptionGroup var redis: RedisOption

    func run() async throws {
      let known = try await AccountStore.with(redis) { try await $0.remove(name) }
      guard known else { throw Failure("there is no account \(name)") }
      print("removed \(name)")
    }
  }
}

extension AccountName: ExpressibleByArgument {
  /// For the argument parser.
  public init?(argument: String) { self.init(argument) }
}

extension DisplayName: ExpressibleByArgument {
  /// For the argument parser.
  public init?(argument: String) { self.init(argument) }
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
