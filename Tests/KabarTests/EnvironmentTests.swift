// Owns: which of flag, variable and default counts.
// Must never: use a variable that the program knows: the environment is the whole process's.
// Runs on: any thread.
import ArgumentParser
import Foundation
import Testing

@testable import kabar

@Suite struct EnvironmentTests {
  /// Sets a variable of this test's own, or none.
  private func value(flag: Int?, variable: String?, named name: String = #function) throws -> Int {
    let name = "KABAR_TEST_" + name.filter { $0.isASCII && $0.isLetter }
    if let variable { setenv(name, variable, 1) }
    defer { unsetenv(name) }
    return try Environment.value(flag, name, default: 3)
  }

  @Test func `a flag is stronger than a variable, a variable than the default`() throws {
    #expect(try value(flag: 1, variable: "2") == 1)
    #expect(try value(flag: nil, variable: "2") == 2)
    #expect(try value(flag: nil, variable: nil) == 3)
    #expect(try value(flag: nil, variable: "") == 3, "an empty variable is none")
    #expect(try value(flag: 1, variable: "two") == 1, "what is not used is not read")
  }

  @Test func `a variable that can't be read is named`() {
    #expect {
      try value(flag: nil, variable: "two", named: "unreadable")
    } throws: { error in
      "\(error)".contains("KABAR_TEST_unreadable has a value that can't be used: 'two'")
    }
  }
}
