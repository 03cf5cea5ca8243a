// Owns: the tests of the decisions: order of start and stop, restarts, giving up.
// Must never: wait or start a process: time is an argument.
// Runs on: any thread.
import Testing

@testable import Supervisor

@Suite struct ClusterMachineTests {
  private let begin = ContinuousClock.now

  /// The instant so many milliseconds after the beginning.
  private func at(_ milliseconds: Int) -> ContinuousClock.Instant { begin + .milliseconds(milliseconds) }

  /// Feeds events at one time and returns what they called for together.
  private func feed(
    _ machine: inout ClusterMachine, at milliseconds: Int = 0, _ events: ClusterMachine.Event...
  ) -> [ClusterMachine.Action] {
    events.flatMap { machine.handle($0, now: at(milliseconds)) }
  }

  /// Redis has pid 100, node N has 100 + N; all serve at second 0.
  private func serving(nodes: Int = 2) -> ClusterMachine {
    var machine = ClusterMachine(nodes: nodes, ownsRedis: true)
    _ = feed(&machine, .begin, .started(.redis, pid: 100), .ready(.redis), .prepared)
    for number in 1...nodes {
      _ = feed(&machine, .started(.node(number), pid: Int32(100 + number)), .ready(.node(number)))
    }
    return machine
  }

  @Test func `starts Redis, then the data, then the nodes, then says so`() {
    var machine = ClusterMachine(nodes: 2, ownsRedis: true)
    #expect(feed(&machine, .begin) == [.start(.redis)])
    #expect(feed(&machine, .started(.redis, pid: 100)) == [])
    #expect(feed(&machine, .ready(.redis)) == [.prepareData])
    #expect(feed(&machine, .prepared) == [.start(.node(1)), .start(.node(2))])
    let started = feed(&machine, .started(.node(1), pid: 101), .started(.node(2), pid: 102), .ready(.node(2)))
    #expect(started == [])
    #expect(feed(&machine, .ready(.node(1))) == [.announce])
  }

  @Test func `begins with the data when Redis is somebody else's`() {
    var machine = ClusterMachine(nodes: 1, ownsRedis: false)
    #expect(machine.children == [.node(1)])
    #expect(feed(&machine, .begin) == [.prepareData])
  }

  @Test func `a node that dies comes back after its wait, alone`() {
    var machine = serving()
    let died = feed(&machine, at: 1000, .ended(.node(1), .killed(signal: 9)))
    #expect(died == [.say("n1 (pid 101) was killed by signal 9; starting it again in 100 ms")])
    #expect(machine.nextDeadline == at(1100))
    #expect(feed(&machine, at: 1050, .tick) == [])
    #expect(feed(&machine, at: 1100, .tick) == [.start(.node(1))])
    #expect(feed(&machine, at: 1100, .tick) == [])
    let back = feed(&machine, at: 1200, .started(.node(1), pid: 111), .ready(.node(1)))
    #expect(back == [.say("n1 is ready again (pid 111)")])
    #expect(machine.nextDeadline == nil)
  }

  @Test func `a child that served once is started again for ever, Redis too`() {
    var machine = serving()
    var waits: [Duration] = []
    var now = 1000
    for _ in 0..<7 {
      _ = feed(&machine, at: now, .ended(.redis, .exited(status: 1)))
      let deadline = machine.nextDeadline ?? at(now)
      waits.append(at(now).duration(to: deadline))
      now += 6000
      #expect(feed(&machine, at: now, .tick) == [.start(.redis)])
      _ = feed(&machine, at: now, .started(.redis, pid: 100))
    }
    #expect(waits.map(\.milliseconds) == [100, 200, 400, 800, 1600, 3200, 5000])
    #expect(machine.pid(of: .node(1)) == 101)
  }

  @Test func `three deaths before it was ever ready end the start, Redis last`() {
    var machine = ClusterMachine(nodes: 1, ownsRedis: true)
    _ = feed(&machine, .begin, .started(.redis, pid: 100), .ready(.redis), .prepared)
    for death in 1...2 {
      let actions = feed(&machine, .started(.node(1), pid: 101), .ended(.node(1), .exited(status: 7)))
      #expect(actions == [.say("n1 (pid 101) ended with status 7; starting it again in \(death * 100) ms")])
      #expect(feed(&machine, at: 200, .tick) == [.start(.node(1))])
    }
    let last = feed(&machine, .started(.node(1), pid: 101), .ended(.node(1), .exited(status: 7)))
    #expect(
      last == [
        .showLastLines(.node(1)), .say("n1 ended with status 7, 3 times in a row before it was ready: giving up"),
        .terminate(.redis),
      ])
    #expect(feed(&machine, .ended(.redis, .exited(status: 0))) == [.finish(1)])
  }

  @Test func `stops the nodes, then Redis, and starts nothing any more`() {
    var machine = serving()
    _ = feed(&machine, at: 1000, .ended(.node(2), .killed(signal: 9)))
    #expect(feed(&machine, at: 1000, .stop) == [.terminate(.node(1))])
    #expect(feed(&machine, at: 2000, .tick) == [])
    #expect(feed(&machine, at: 2000, .ended(.node(1), .exited(status: 0))) == [.terminate(.redis)])
    #expect(feed(&machine, at: 2000, .ended(.redis, .exited(status: 0))) == [.finish(0)])
  }

  @Test func `a restart replaces one node after the other, each when the one before serves`() {
    var machine = serving()
    #expect(
      feed(&machine, .restart) == [.say("restarting all nodes, one after the other"), .drain(.node(1))])
    #expect(feed(&machine, at: 50, .restart) == [.say("a restart is under way: n1 is being replaced")])
    #expect(feed(&machine, at: 9000, .tick, .ended(.node(1), .exited(status: 0))) == [.start(.node(1))])
    #expect(feed(&machine, at: 9001, .started(.node(1), pid: 111), .tick) == [])
    #expect(
      feed(&machine, at: 9100, .ready(.node(1))) == [.say("n1 is ready again (pid 111)"), .drain(.node(2))])
    let second = feed(&machine, at: 9200, .ended(.node(2), .exited(status: 0)), .started(.node(2), pid: 112))
    #expect(second == [.start(.node(2))])
    #expect(
      feed(&machine, at: 9300, .ready(.node(2)))
        == [.say("n2 is ready again (pid 112)"), .say("all nodes are restarted")])
    #expect(machine.nextDeadline == nil)
    #expect(feed(&machine, at: 9400, .restart).last == .drain(.node(1)), "and once more")
  }

  @Test func `a restart does not go on to the next node while the new one dies`() {
    var machine = serving()
    _ = feed(&machine, .restart, .ended(.node(1), .exited(status: 0)), .started(.node(1), pid: 111))
    let died = feed(&machine, at: 100, .ended(.node(1), .exited(status: 7)))
    #expect(died == [.say("n1 (pid 111) ended with status 7; starting it again in 100 ms")])
    #expect(feed(&machine, at: 200, .tick) == [.start(.node(1))])
    #expect(feed(&machine, at: 200, .started(.node(1), pid: 121), .ready(.node(1))).last == .drain(.node(2)))
  }

  @Test func `a restart waits for a node that is down anyway, and kills one that does not end`() {
    var machine = serving()
    _ = feed(&machine, .ended(.node(1), .killed(signal: 9)))
    #expect(feed(&machine, at: 10, .restart) == [.say("restarting all nodes, one after the other")])
    #expect(feed(&machine, at: 100, .tick) == [.start(.node(1))])
    let back = feed(&machine, at: 1000, .started(.node(1), pid: 111), .ready(.node(1)))
    #expect(back.last == .drain(.node(2)))
    #expect(machine.nextDeadline == at(26_000), "its clients have 10 s, itself 15 more")
    #expect(feed(&machine, at: 25_999, .tick) == [])
    #expect(feed(&machine, at: 26_000, .tick) == [.say("n2 is killed: it had not ended"), .kill(.node(2))])
    #expect(feed(&machine, at: 26_001, .ended(.node(2), .killed(signal: 9))) == [.start(.node(2))])
  }

  @Test func `only nodes that are ready are told to say more`() {
    var machine = serving()
    _ = feed(&machine, .ended(.node(1), .killed(signal: 9)))
    #expect(feed(&machine, .sayMore) == [.sayMore(.node(2))])
    _ = feed(&machine, at: 100, .tick, .started(.node(1), pid: 111))
    #expect(feed(&machine, at: 100, .sayMore) == [.sayMore(.node(2))])
  }

  @Test func `a stop ends a restart, and a start can't be restarted`() {
    var machine = ClusterMachine(nodes: 1, ownsRedis: false)
    _ = feed(&machine, .begin, .prepared, .started(.node(1), pid: 101))
    #expect(feed(&machine, .restart) == [.say("not all nodes serve yet: nothing is restarted")])
    _ = feed(&machine, .ready(.node(1)))
    #expect(feed(&machine, .restart).last == .drain(.node(1)))
    #expect(feed(&machine, .stop) == [.terminate(.node(1))])
    #expect(feed(&machine, .restart) == [])
    #expect(feed(&machine, .ended(.node(1), .exited(status: 0))) == [.finish(0)])
  }

  @Test func `kills what has not ended ten seconds after it was asked`() {
    var machine = serving(nodes: 1)
    _ = feed(&machine, .stop)
    #expect(feed(&machine, at: 9900, .tick) == [])
    #expect(feed(&machine, at: 10_000, .tick) == [.say("n1 is killed: it had not ended"), .kill(.node(1))])
    #expect(feed(&machine, at: 10_000, .ended(.node(1), .killed(signal: 9))) == [.terminate(.redis)])
    #expect(feed(&machine, at: 20_000, .tick) == [.say("redis is killed: it had not ended"), .kill(.redis)])
    #expect(feed(&machine, at: 20_000, .ended(.redis, .killed(signal: 9))) == [.finish(0)])
  }

  @Test func `a second stop kills everything at once and shows in the status`() {
    var machine = serving(nodes: 1)
    _ = feed(&machine, .stop)
    let kills = feed(&machine, .stop).filter { if case .kill = $0 { true } else { false } }
    #expect(kills == [.kill(.redis), .kill(.node(1))])
    #expect(feed(&machine, .ended(.redis, .killed(signal: 9))) == [])
    #expect(feed(&machine, .ended(.node(1), .killed(signal: 9))) == [.finish(1)])
  }

  @Test func `a stop before anything runs ends at once`() {
    var machine = ClusterMachine(nodes: 1, ownsRedis: true)
    #expect(feed(&machine, .stop) == [.finish(0)])
  }

  @Test func `a child that starts while the cluster gives up is ended too`() {
    var machine = ClusterMachine(nodes: 2, ownsRedis: false)
    _ = feed(&machine, .begin)
    #expect(feed(&machine, .prepared) == [.start(.node(1)), .start(.node(2))])
    #expect(feed(&machine, .stop) == [])
    #expect(feed(&machine, .started(.node(1), pid: 101)) == [.terminate(.node(1))])
    #expect(feed(&machine, .ended(.node(2), .notStarted("no memory"))) == [])
    #expect(feed(&machine, .ended(.node(1), .exited(status: 0))) == [.finish(0)])
  }

  @Test func `data that can't be prepared ends the start`() {
    var machine = ClusterMachine(nodes: 1, ownsRedis: true)
    _ = feed(&machine, .begin, .started(.redis, pid: 100), .ready(.redis))
    #expect(feed(&machine, .failed("no")) == [.say("no"), .terminate(.redis)])
    #expect(feed(&machine, .prepared) == [])
    #expect(feed(&machine, .ended(.redis, .exited(status: 0))) == [.finish(1)])
  }

  @Test func `speaks once about a child that is slow to serve`() {
    var machine = ClusterMachine(nodes: 1, ownsRedis: true)
    _ = feed(&machine, .begin, .started(.redis, pid: 100))
    #expect(machine.nextDeadline == at(5000))
    #expect(feed(&machine, at: 5000, .tick) == [.explainWait(.redis)])
    #expect(feed(&machine, at: 60_000, .tick) == [])
  }
}
