// Owns: the tests of the data folder: its lock, and how new data is told from old.
// Must never: use a folder that is not its own.
// Runs on: any thread.
import Foundation
import Testing

@testable import Supervisor

@Suite final class DataFolderTests {
  private let path = FileManager.default.temporaryDirectory.appending(path: "kabar-data-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @Test func `makes the folder for its owner alone, with all folders above`() throws {
    let folder = try DataFolder("\(path)/a/b")
    let mode = try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int
    #expect(mode == 0o700)
    #expect(folder.path.hasPrefix("/") && folder.path.hasSuffix("/a/b"))
  }

  @Test func `belongs to one cluster at a time`() throws {
    var first: DataFolder? = try DataFolder(path)
    let text = "the data folder \(try #require(first).path) belongs to a running cluster (pid \(getpid()))"
    #expect(throws: SupervisorError(text)) { try DataFolder(path, patience: .zero) }
    first = nil
    // Not at once: a program that another test is just starting holds the lock until it has called exec.
    _ = try DataFolder(path)
  }

  @Test func `data is new until it was prepared, also after an interrupted start`() throws {
    let folder = try DataFolder(path)
    #expect(folder.isNew)
    try folder.markNew()
    try FileManager.default.createDirectory(atPath: "\(path)/appendonlydir", withIntermediateDirectories: false)
    #expect(folder.isNew)
    try folder.markPrepared(demoAccounts: false)
    #expect(!folder.isNew && !folder.hasDemoAccounts)
  }

  @Test(arguments: ["appendonlydir", "appendonly.aof"])
  func `another Redis's data is not new`(name: String) throws {
    let folder = try DataFolder(path)
    try folder.write("", to: name)
    #expect(!folder.isNew)
  }

  @Test func `remembers the demo accounts`() throws {
    let folder = try DataFolder(path)
    try folder.markPrepared(demoAccounts: true)
    try folder.markPrepared(demoAccounts: false)
    #expect(folder.hasDemoAccounts)
  }

  @Test func `shows the last three lines of this start's log`() throws {
    let folder = try DataFolder(path)
    #expect(folder.redisLog(after: 0) == [])
    try folder.write("old\n", to: "redis.log")
    let size = folder.redisLogSize
    try folder.write("old\na\nb\n", to: "redis.log")
    #expect(folder.redisLog(after: size) == ["a", "b"])
    try folder.write("old\na\n\nb\nc\nd\n", to: "redis.log")
    #expect(folder.redisLog(after: size) == ["b", "c", "d"])
  }
}
