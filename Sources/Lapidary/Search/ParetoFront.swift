public import IR
internal import ONNXFile
public import Reports
internal import Samples

/// The models of a search of which none is at least as good as another in everything.
public struct ParetoFront {
  /// By descending bytes.
  public var candidates: [Candidate] { Self.front(plan.tried.filter { !$0.place.isDraft }) }
  private var plan: CompressionPlan
  private var notes: [String]
  private let jobs: JobFolder

  /// How many levels are tried beside 0.
  private static let steps = 8

  /// Makes models over the whole range of levels.
  ///
  /// - Parameter jobs: the folder that the search keeps its models in.
  public init(_ search: inout TargetSearch, _ jobs: JobFolder) throws(ModelError) {
    let numbers = try search.maker.numbers(few: true).filter { $0 != .float }
    let levels =
      search.canCut ? (0...Self.steps).map { $0 * TargetSearch.frontEnd / Self.steps } : [0]
    var places = levels.map { Candidate.Place(level: $0, numbers.first ?? .float) }
    // What 4 bits spare is more than the first cuts do.
    places += numbers.dropFirst().flatMap { own in
      levels.prefix(own.haveFewBits ? levels.count / 2 : 1).map { Candidate.Place(level: $0, own) }
    }
    search.progress = SearchProgress(expected: places.count + 1, search.maker.setting.progress)
    while !places.isEmpty {
      // What another worker is at can wait; when nothing else is left it is waited for.
      var next = 0
      for (index, place) in places.enumerated() where try jobs.isFree(place) {
        next = index
        break
      }
      _ = try search.candidate(places.remove(at: next))
    }
    (plan, notes) = (search.plan, search.notes)
    self.jobs = jobs
  }

  /// Takes in what a search made since.
  public mutating func update(_ search: TargetSearch) {
    (plan, notes) = (search.plan, search.notes)
  }

  /// Of candidates those of which none is at least as good as another in everything, by descending
  /// bytes.
  package static func front(_ all: [Candidate]) -> [Candidate] {
    func points(_ candidate: Candidate) -> Double { candidate.loss?.points ?? 0 }
    return all.filter { one in
      !all.contains { other in
        let isAsGood = one.costs.isCovered(by: other.costs) && points(other) <= points(one)
        let isBetter = !other.costs.isCovered(by: one.costs) || points(other) < points(one)
        return isAsGood && (isBetter || other.place < one.place)
      }
    }.sorted { ($1.costs.bytes, $0.place) < ($0.costs.bytes, $1.place) }
  }

  /// The name of a candidate's model within the folder.
  public func name(_ candidate: Candidate) -> String {
    let alike = candidates.filter { $0.costs.bytes == candidate.costs.bytes }
    let place = alike.firstIndex { $0.place == candidate.place } ?? 0
    return "front-\(candidate.costs.bytes)\(place > 0 ? "-\(place + 1)" : "").onnx"
  }

  /// Writes the models, `front.json` with the figures of each, and `front.html`, a page with the table
  /// and a chart.
  public func write(to folder: String) throws(ModelError) {
    for candidate in candidates {
      let model = try ONNXFile.read(jobs.modelPath(candidate.place))
      try ONNXFile.write(model, to: "\(folder)/\(name(candidate))")
    }
    try TextFile.write(Array(report.json.text.utf8), to: "\(folder)/front.json")
    var page = HTMLPage(report, title: "Pareto front")
    page.curves = [
      CurveChart(
        "Loss in points by bytes", x: "bytes", y: "points lost",
        points: candidates.map {
          (Double($0.costs.bytes), $0.loss?.points ?? 0, name($0))
        })
    ]
    try TextFile.write(Array(page.text.utf8), to: "\(folder)/front.html")
  }

  /// The figures, with the widths and the file of each model.
  public var report: Report {
    var report = Report()
    var table = TargetSearch.table("front", candidates, plan: plan)
    table.columns.removeLast()
    for place in table.rows.indices { table.rows[place].removeLast() }
    table.columns.append(.init("model"))
    table.columns.append(.init("widths"))
    for (place, candidate) in candidates.enumerated() {
      table.rows[place].append(.text(name(candidate)))
      let widths = candidate.widths.sorted { $0.key < $1.key }
      table.rows[place].append(
        .both("\(widths.count) groups", .members(widths.map { ($0.key, .number($0.value)) })))
    }
    report.add(table)
    if let original = plan.original {
      report.add(data: [
        "original": .object([
          "bytes": .int(original.bytes), "macs": .int(original.macs),
          "parameters": .int(original.parameters),
        ])
      ])
    }
    report.add(notes: notes)
    return report
  }
}

extension TargetSearch {
  /// The last level of a front: a sixteenth of the cost.
  static let frontEnd = 512
}
