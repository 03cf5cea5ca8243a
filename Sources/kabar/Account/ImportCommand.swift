// `kabar account import FILE.csv`: many accounts at once.
// Never adds any if a row of the file is wrong; never changes an account that exists.
// Async tasks, as many hashes at once as there are cores.

import ArgumentParser
import ChatProtocol
import ChatState
import Foundation
import NIOCore

extension AccountCommand {
  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add accounts from a CSV file with the rows name,password,display name.",
      discussion: """
        Quoted fields as in RFC 4180; a first row "name,password,display name" is skipped. All rows are checked before \
        the first account is added. Accounts that exist are left as they are.
        """)

    @Argument(help: "The file; - for standard input.") var file: String
    @OptionGroup var scrypt: ScryptOptions
    @OptionGroup var redis: RedisOption

    func run() async throws {
      let cost = try scrypt.resolved()
      let accounts = try Self.read(file)
      let progress = Progress(total: accounts.count, label: "importing")
      let added = try await AccountStore.with(redis) { store in
        try await Self.add(accounts, to: store, cost, progress)
      }
      progress.finish()
      print("added \(added) accounts, \(accounts.count - added) were there already")
    }

    private static func add(
      _ accounts: [Row], to store: AccountStore, _ cost: PasswordHash.Cost, _ progress: Progress
    ) async throws -> Int {
      try await withThrowingTaskGroup(of: Bool.self) { group in
        var rest = accounts.makeIterator()
        var added = 0
        func start() {
          guard let row = rest.next() else { return }
          group.addTask { try await store.add(row.name, row.display, password: row.password, cost: cost) }
        }
        for _ in 0..<System.coreCount * 8 { start() }
        while let wasAdded = try await group.next() {
          added += wasAdded ? 1 : 0
          progress.advance()
          start()
        }
        return added
      }
    }

    /// One account to add.
    struct Row: Sendable, Equatable {
      let name: AccountName
      let password: String
      let display: DisplayName
    }

    private static func read(_ file: String) throws -> [Row] {
      let data: Data
      do {
        data =
          try file == "-"
          ? FileHandle.standardInput.readToEnd() ?? Data() : Data(contentsOf: URL(fileURLWithPath: file))
      } catch {
        throw Failure("cannot read \(file): \(error.localizedDescription)")
      }
      guard let text = String(validating: data, as: UTF8.self) else { throw Failure("\(file) is not UTF-8") }
      guard let records = CSVRecords.parse(text) else { throw Failure("\(file) ends within a quoted field") }
      return try rows(records)
    }

    /// Checks every row; the failure names the lines of the first ten that are wrong. It shows nothing that stands there:
    /// whose columns are in another order has passwords where names should be.
    static func rows(_ records: [CSVRecords.Record]) throws -> [Row] {
      var rows: [Row] = []
      var problems: [String] = []
      var lines: [AccountName: Int] = [:]
      for (index, record) in records.enumerated() {
        if index == 0, record.fields.first == "name", record.fields.dropFirst().first == "password" { continue }
        do {
          let row = try row(record.fields)
          if let first = lines[row.name] { throw Failure("the name is that of line \(first) again") }
          lines[row.name] = record.line
          rows.append(row)
        } catch {
          problems.append("line \(record.line): \(error)")
        }
      }
      guard problems.isEmpty else {
        let shown = problems.prefix(10).joined(separator: "\n  ")
        throw Failure("nothing was imported; \(problems.count) rows are wrong:\n  \(shown)")
      }
      return rows
    }

    private static func row(_ fields: [String]) throws -> Row {
      guard fields.count == 3 else {
        throw Failure("3 fields are needed (name,password,display name), not \(fields.count)")
      }
      guard let name = AccountName(fields[0]) else { throw Failure("the first field can't be an account name") }
      guard let display = DisplayName(fields[2]) else { throw Failure("the display name can't be used") }
      return Row(name: name, password: try PasswordInput.check(fields[1]), display: display)
    }
  }
}
