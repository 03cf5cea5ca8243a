// The file of settings that `--config` names.
// Never passes over what it does not know: a misspelled limit would be no limit.
// Read once, on the main thread.

import ArgumentParser
import Foundation
import Yams

/// A YAML file with one line for each setting: the name of an option without its dashes, and the value. A list stands for values that
/// the option takes with commas between them.
struct ConfigFile: Sendable {
  /// One setting of the file, as text; lines count from 1.
  struct Entry: Sendable, Equatable {
    let value: String
    let line: Int
  }

  let path: String
  let entries: [String: Entry]

  /// Reads a file.
  /// - Parameter known: the names of all settings.
  /// - Throws: `Failure`, one line with the place and what is wrong there.
  init(_ path: String, known: [String]) throws {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw Failure(
        "the configuration \(path) can't be read"
          + (access(path, R_OK) == 0 ? "" : ": \(String(cString: strerror(errno)))"))
    }
    try self.init(path, text: text, known: known)
  }

  init(_ path: String, text: String, known: [String]) throws {
    self.path = path
    var entries: [String: Entry] = [:]
    for (key, value) in try Self.pairs(of: text, path) {
      let line = key.mark?.line ?? 0
      guard let name = key.scalar?.string, known.contains(name) else {
        let text = key.scalar?.string ?? "?"
        let nearest = known.min { EditDistance.between($0, text) < EditDistance.between($1, text) }
        throw Failure(
          "\(path), line \(line): there is no setting '\(text)'" + (nearest.map { "; is '\($0)' meant?" } ?? ""))
      }
      guard let text = value.scalar?.string ?? Self.list(value) else {
        throw Failure("\(path), line \(line): \(name) takes one value")
      }
      entries[name] = Entry(value: text, line: line)
    }
    self.entries = entries
  }

  private static func pairs(of text: String, _ path: String) throws -> [(key: Node, value: Node)] {
    do {
      guard let root = try compose(yaml: text) else { return [] }
      if root.scalar?.string.isEmpty == true || root.null != nil { return [] }
      guard let mapping = root.mapping else { throw Failure("\(path): each line is a setting: `port: 8889`") }
      return Array(mapping)
    } catch let error as YamlError {
      throw Failure("\(path): \("\(error)".replacing("\n", with: " "))")
    }
  }

  private static func list(_ node: Node) -> String? {
    guard let items = node.sequence?.map(\.scalar?.string), !items.contains(nil) else { return nil }
    return items.compactMap(\.self).joined(separator: ",")
  }
}
