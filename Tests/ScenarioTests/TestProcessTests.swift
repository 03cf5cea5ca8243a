// Owns: proof that a process which a test starts shares nothing with the other tests but its streams.
// Must never: need a node.
// Runs on: any task.
import Foundation
import Glibc
import TestSupport
import Testing

struct TestProcessTests {
  @Test func `a socket that a test closes is closed, whatever runs`() throws {
    let folder = try TestFolder()
    // As other libraries open them: without the flag that keeps a descriptor from a child.
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    try #require(listener > 2)
    let script = "test -e /proc/self/fd/1 && ! test -e /proc/self/fd/\(listener)"
    let process = try TestProcess("sh", ["-c", script], output: "\(folder.path)/out")
    #expect(process.waitUntilExit() == 0, "\(process.text)")
  }
}
