// Owns: the command line of the chaos run.
// Must never: be part of what is shipped.
// Runs on: the main thread.
import ArgumentParser
import Foundation
import Glibc
import Synchronization
import TestSupport

@main enum ChaosProgram {
  /// `chaos exec-child PARENT PROGRAM …` is the hidden step between a run and each of its processes.
  static func main() {
    ChildProcess.becomeChildIfAsked()
    ChaosCommand.main()
  }
}

struct ChaosCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chaos",
    abstract: "Does its worst to a private cluster and checks that every promise is kept.",
    discussion: """
      Starts a redis-server (append-only file, fsync always) and some nodes on one port of 127.0.0.1, each node behind a
      proxy to Redis. Senders and collectors record every operation as ok, failed or unknown, while nodes and Redis are
      killed and stopped, their connections dropped, delayed and left half open, scripts flushed and memory filled. Then
      all inboxes are emptied and the history is checked. The same seed chooses the same faults at the same times.
      Ends with 0: every promise was kept; 1: one was broken; 2: it could not be run; 130: interrupted.
      """)

  @Option(help: "For how long faults happen, 1 to 3600. Emptying the inboxes comes on top.")
  var seconds = 60

  @Option(help: "What chooses the faults; default: a random one, which is printed.")
  var seed: UInt64?

  @Option(help: "Node processes, 1 to 16.")
  var nodes = 3

  @Option(help: ArgumentHelp("Faults in a minute, 0 to 600.", valueName: "n"))
  var faultsPerMinute = 55

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  @Option(help: "The kabar program to test; default: the one beside this program.")
  var kabar: String?

  @Option(
    help: ArgumentHelp(
      "Break a guarantee on the wire to Redis, to see that the check finds it: "
        + Sabotage.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "way"))
  var sabotage: Sabotage?

  func validate() throws {
    guard (1...3600).contains(seconds) else { throw ValidationError("--seconds is a number from 1 to 3600") }
    guard (0...600).contains(faultsPerMinute) else { throw ValidationError("--faults-per-minute is from 0 to 600") }
    guard (1...16).contains(nodes) else { throw ValidationError("--nodes is a number from 1 to 16") }
  }

  func run() throws {
    endInOrderOnSignals()
    let program = kabar ?? (CommandLine.executablePath as NSString).deletingLastPathComponent + "/kabar"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      FileHandle.standardError.write(Data("chaos: there is no program \(program)\n".utf8))
      throw ExitCode(2)
    }
    let settings = ChaosSettings(
      program: program,
      seconds: seconds, seed: seed ?? UInt64.random(in: 1...999_999), nodes: nodes,
      faultsPerMinute: faultsPerMinute, sabotage: sabotage)
    if !json {
      let title = "chaos: \(nodes) nodes, \(seconds) s, seed \(settings.seed)\n"
      FileHandle.standardOutput.write(Data(title.utf8))
    }
    do {
      let report = Report(try ChaosRun(settings).run(), settings)
      print(json ? try report.json() : report.text())
      if !report.isClean { throw ExitCode(1) }
    } catch is Interrupted {
      throw ExitCode(130)
    } catch let code as ExitCode {
      throw code
    } catch {
      FileHandle.standardError.write(Data("chaos: \(error)\n".utf8))
      throw ExitCode(2)
    }
  }

  /// Whoever started this program may have blocked or ignored them.
  private func endInOrderOnSignals() {
    var ending = sigset_t()
    sigemptyset(&ending)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { _ in isInterrupted.store(true, ordering: .relaxed) }
      sigaddset(&ending, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &ending, nil)
    signal(SIGPIPE, SIG_IGN)
  }
}

extension Sabotage: ExpressibleByArgument {}
