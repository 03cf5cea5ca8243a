// Owns: the first step of the process: which command, on which thread.
// Must never: be an `async` main: that ends the main thread, and with it the children of `kabar up`.
// Runs on: the main thread.
import ArgumentParser
import Dispatch

@main
enum EntryPoint {
  static func main() {
    do {
      var command = try Kabar.parseAsRoot()
      if command is any AsyncParsableCommand {
        // What the compiler makes of an `async` main, which parses once more.
        Task { await Kabar.main() }
        dispatchMain()
      }
      // The kernel ends a child when the thread that spawned it ends: synchronous commands run here and nowhere else.
      try command.run()
      Kabar.exit()
    } catch {
      Kabar.exit(withError: error)
    }
  }
}
