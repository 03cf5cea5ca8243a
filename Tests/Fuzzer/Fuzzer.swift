// Owns: the door between libFuzzer and the properties: `deploy/fuzz` builds this program, nothing else does.
// Must never: hold a property: those are in Tests/Fuzz, where the ordinary tests run them, too.
// Runs on: the main thread.
import Foundation
import Fuzz

/// libFuzzer's main loop; it exits by itself with a status.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

@main enum Fuzzer {
  /// What `KABAR_FUZZ_TARGET` names.
  private static let target: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["KABAR_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else { fatalError("KABAR_FUZZ_TARGET: no target \(name)") }
    return target
  }()

  /// With `KABAR_FUZZ_FOLDER` it writes there what the target starts from, and that is all; else it takes libFuzzer's options.
  static func main() throws {
    if let folder = ProcessInfo.processInfo.environment["KABAR_FUZZ_FOLDER"] { return try write(to: folder) }
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments, testOneInput))
  }

  private static func write(to folder: String) throws {
    for (index, seed) in target.seeds.enumerated() {
      try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/seeds/\(index)"))
    }
    let entries = target.words.map { word in
      "\"" + word.utf8.map { "\\x" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "\"\n"
    }
    try Data(entries.joined().utf8).write(to: URL(fileURLWithPath: "\(folder)/dictionary"))
  }

  /// Called with each input. A property that does not hold ends the program, as a trap does.
  private static let testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32 = { start, count in
    do throws(Finding) {
      try target.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
      fatalError("\(error)")
    }
    return 0
  }
}
