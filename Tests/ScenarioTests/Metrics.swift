// Owns: a page of metrics, read strictly: what Prometheus's text format 0.0.4 does not allow is an error.
// Must never: share code with the node.
// Runs on: any thread (values).
import Foundation
import TestSupport

/// One scrape.
struct Metrics {
  /// `name{labels}` → value.
  let samples: [String: Double]
  /// `name` → counter, gauge or histogram.
  let types: [String: String]

  init(port: Int) throws {
    let answer = try HTTPAnswer(port: port, "/metrics")
    guard answer.status == 200, answer.head.contains("content-type: text/plain; version=0.0.4") else {
      throw TestFailure("no metrics: \(answer.head)")
    }
    try self.init(answer.body)
  }

  init(_ page: String) throws {
    var samples: [String: Double] = [:]
    var types: [String: String] = [:]
    var family = ""
    guard page.hasSuffix("\n") else { throw TestFailure("the last line does not end") }
    for line in page.split(separator: "\n") {
      if let help = line.wholeMatch(of: /# HELP ([a-z_]+) .+/) {
        guard types[String(help.1)] == nil else { throw TestFailure("twice: \(line)") }
        family = String(help.1)
      } else if let type = line.wholeMatch(of: /# TYPE ([a-z_]+) (counter|gauge|histogram)/) {
        guard type.1 == family, types[family] == nil, family.hasSuffix("_total") == (type.2 == "counter") else {
          throw TestFailure("out of place: \(line)")
        }
        types[family] = String(type.2)
      } else if let sample = line.wholeMatch(
        of: /(([a-z_]+)(?:\{[a-z_]+="[^"\\]*"(?:,[a-z_]+="[^"\\]*")*\})?) ([0-9.e+-]+)/)
      {
        let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
        guard suffixes.contains(where: { family + $0 == sample.2 }), let value = Double(sample.3),
          samples.updateValue(value, forKey: String(sample.1)) == nil
        else { throw TestFailure("out of place: \(line)") }
      } else {
        throw TestFailure("not of the format: \(line)")
      }
    }
    (self.samples, self.types) = (samples, types)
    try checkHistograms()
  }

  /// The value of `kabar_NAME`, with its labels; 0 if there is none.
  subscript(name: String) -> Int { Int(samples["kabar_" + name] ?? 0) }

  /// Buckets only grow, and the last holds all.
  private func checkHistograms() throws {
    for (name, count) in samples {
      guard let match = name.wholeMatch(of: /([a-z_]+)_count(?:\{(.*)\})?/), types[String(match.1)] == "histogram"
      else {
        continue
      }
      let labels = match.2.map { $0 + "," } ?? ""
      let prefix = "\(match.1)_bucket{\(labels)le=\""
      let buckets = samples.compactMap { key, value -> (Double, Double)? in
        guard key.hasPrefix(prefix) else { return nil }
        let bound = key.dropFirst(prefix.count).dropLast(2)
        return (bound == "+Inf" ? .infinity : Double(bound) ?? .nan, value)
      }.sorted { $0.0 < $1.0 }
      let counts = buckets.map(\.1)
      guard counts.count > 2, counts == counts.sorted(), buckets.last?.0 == .infinity, counts.last == count else {
        throw TestFailure("buckets of \(name): \(buckets)")
      }
    }
  }
}
