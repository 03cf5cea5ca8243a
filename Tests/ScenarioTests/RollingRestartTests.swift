// Owns: what users notice of a cluster that is restarted node by node while they use it: nothing.
// Must never: change the machine: the cluster has a network of its own, in which the kernel can be set as compose and the systemd
// unit set it.
// Runs on: swift-testing; the load is a Python program (rolling_restart.py), so that no client of ours is judge of itself.
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct RollingRestartTests {
  private struct Outcome: Decodable {
    let restarted: [String]
    let samePids: Int
    let counts: [String: Int]
    let stored, received, lost, doubled, reordered: Int

    private enum CodingKeys: String, CodingKey {
      case restarted, counts, stored, received, lost, doubled, reordered
      case samePids = "same pids"
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func `a rolling restart under load refuses no connection and loses no message`() async throws {
    let folder = try TestFolder()
    let script = "\(folder.path)/load.py"
    try Data(PackageResources.rolling_restart_py).write(to: URL(fileURLWithPath: script))
    let run = try TestProcess(
      "unshare", ["-rn", "python3", script, kabarProgram, folder.path, "1", "4"], output: "\(folder.path)/out")
    while run.isRunning { try await Task.sleep(for: .milliseconds(50)) }
    let line = run.text.split(separator: "\n").last ?? ""
    let outcome = try #require(try? JSONDecoder().decode(Outcome.self, from: Data(line.utf8)), "\(run.text)")
    #expect(outcome.restarted == ["n1", "n2", "n3"] && outcome.samePids == 0)
    let expected: Set = ["visits", "resumed", "listener moved in time"]
    #expect(Set(outcome.counts.keys).isSubset(of: expected), "\(outcome.counts)")
    // Visits come all the time, a hundred a second on a slow machine: some while each of the nodes stops.
    #expect(outcome.counts["visits"] ?? 0 > 500 && outcome.counts["resumed"] ?? 0 > 2, "\(outcome.counts)")
    #expect(outcome.counts["listener moved in time"] ?? 0 > 0, "\(outcome.counts)")
    #expect(outcome.stored > 100 && outcome.received == outcome.stored, "\(outcome)")
    #expect((outcome.lost, outcome.doubled, outcome.reordered) == (0, 0, 0), "\(outcome)")
  }
}
