// Owns: a private folder of one test.
// Must never: outlive its test.
// Runs on: any thread; one test owns it.
import Foundation

/// A fresh folder under the temporary directory, removed with this object.
public final class TestFolder: Sendable {
  /// Absolute path.
  public let path: String

  /// Makes the folder, mode 700.
  public init() throws {
    path = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path + "/kabar-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The text of a file in the folder; empty if there is none.
  public func text(of name: String) -> String {
    (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) ?? ""
  }
}
