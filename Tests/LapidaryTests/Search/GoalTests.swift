import Foundation
import Lapidary
import TestSupport
import Testing

/// `compress` towards goals, on the trained network.
@Suite struct GoalTests {
  private static let model = Repository.fixture("fashion/fashion.onnx")
  /// Few samples and no fitting, so that nothing takes long.
  private static let samples = ["--calibration", "random:64"]
  private static let data = samples + ["--no-recover"]

  private static func compress(
    _ folder: TemporaryFolder, _ output: String, _ goals: [String]
  ) throws -> Command.Outcome {
    try Command.run(["compress", model, "-o", output] + data + goals, in: folder.path)
  }

  @Test("A size is met, a plan goes on and is done again, and tells what it belongs to")
  func size() throws {
    let folder = try TemporaryFolder()
    let first = try Self.compress(folder, "a.onnx", ["--max-bytes", "150KB", "--plan", "p.json"])
    #expect(first.status == 0, "\(first.errors)")
    let bytes = try folder.bytes("a.onnx")
    #expect(bytes.count <= 150_000 && bytes.count > 135_000)
    let whole = try CompressionPlan(json: [UInt8](try folder.bytes("p.json")))

    // As if the process had ended when nothing but the table and some outlines was known.
    var part = whole
    part.tried = []
    part.outlines.removeLast(part.outlines.count / 2)
    (part.chosen, part.widths, part.output) = (nil, nil, nil)
    _ = try folder.add("p.json", try part.json())
    let again = try Self.compress(folder, "b.onnx", ["--plan", "p.json"])
    #expect(again.status == 0, "\(again.errors)")
    #expect(try folder.bytes("b.onnx") == bytes)
    #expect(try CompressionPlan(json: [UInt8](try folder.bytes("p.json"))).json() == whole.json())

    let other = try Self.compress(folder, "d.onnx", ["--plan", "p.json", "--no-fuse"])
    #expect(other.status == 2)
    #expect(other.errors.contains("plan: expected a plan with fuse: no"), "\(other.errors)")
  }

  @Test("Where 4 bits fit uncut, the layers keep 8 that lose most for their bytes, as many as fit")
  func bits() throws {
    let folder = try TemporaryFolder()
    let found = try Self.compress(folder, "a.onnx", ["--max-bytes", "180KB", "--plan", "p.json"])
    #expect(found.status == 0, "\(found.errors)")
    let plan = try CompressionPlan(json: [UInt8](try folder.bytes("p.json")))
    let full = try #require(plan.fullWeights), bits = try #require(plan.bits)
    #expect(!full.isEmpty && full.count < bits.count)
    let price = { (name: String) -> Double in
      bits.first { $0.output == name }.map { $0.error / Double($0.bytes) } ?? 0
    }
    let others = bits.map(\.output).filter { !full.contains($0) }
    #expect(full.map(price).min() ?? 0 >= others.map(price).max() ?? 0)
    let choice = try #require(plan.choice)
    #expect(choice.place.full == full.count && choice.costs.bytes <= 180_000)
    #expect(choice.place.level == 0 && choice.costs.bytes > 170_000)
    #expect(String(decoding: found.output, as: UTF8.self).contains("noise of 4"))

    // Another size is another choice.
    let more = try Self.compress(folder, "b.onnx", ["--max-bytes", "220KB", "--plan", "p.json"])
    #expect(more.status == 0, "\(more.errors)")
    let second = try CompressionPlan(json: [UInt8](try folder.bytes("p.json")))
    #expect(try #require(second.fullWeights).count > full.count)
    #expect(second.bits == bits)
  }

  @Test("verify-plan counts and measures anew, and finds a figure that is not true")
  func verification() throws {
    let folder = try TemporaryFolder()
    let made = try Self.compress(
      folder, "a.onnx", ["--max-macs", "0.5", "--plan", "p.json", "--no-quantize"])
    #expect(made.status == 0, "\(made.errors)")
    let verify = ["verify-plan", Self.model, "a.onnx", "p.json"] + Self.samples
    let found = try Command.run(verify, in: folder.path)
    #expect(found.status == 0, "\(found.errors) \(String(decoding: found.output, as: UTF8.self))")
    let text = String(decoding: try folder.bytes("p.json"), as: UTF8.self)
    let plan = try CompressionPlan(json: Array(text.utf8))
    let macs = try #require(plan.choice).costs.macs
    #expect(macs <= 6_522_320)
    _ = try folder.add(
      "p.json", Array(text.replacing("\"macs\" : \(macs)", with: "\"macs\" : 1").utf8))
    let lie = try Command.run(verify, in: folder.path)
    #expect(lie.status == 1)
    #expect(
      String(decoding: lie.output, as: UTF8.self).contains(
        "differs: multiply-accumulates: expected 1 by the plan, found \(macs)"))
  }

  @Test("What cannot be met ends with 1 and the nearest, before groups are measured")
  func impossible() throws {
    let folder = try TemporaryFolder()
    let found = try Self.compress(folder, "c.onnx", ["--max-bytes", "1KB", "--plan", "p.json"])
    #expect(found.status == 1)
    let text = String(decoding: found.output, as: UTF8.self)
    #expect(text.contains("warning: bytes: expected 1000 at most, nearest reached"))
    #expect(try folder.bytes("c.onnx").count < 100_000)
    #expect(try CompressionPlan(json: [UInt8](try folder.bytes("p.json"))).groups == nil)
  }

  @Test("Workers share a folder; the claim of one that died does not count")
  func jobs() throws {
    let folder = try TemporaryFolder()
    let goal = ["--max-bytes", "200KB", "--jobs", "jobs"]
    let first = try Self.compress(folder, "a.onnx", goal)
    #expect(first.status == 0, "\(first.errors)")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder["jobs"]).sorted()
    let model = try #require(files.first { $0.hasPrefix("int8-") && $0.hasSuffix(".json") })
    try FileManager.default.removeItem(atPath: folder["jobs/\(model)"])
    let claim = "jobs/\(model.dropLast(5)).claim"
    _ = try folder.add(claim, Array("\(ProcessInfo.processInfo.hostName) 2147483646\n".utf8))
    let again = try Self.compress(folder, "b.onnx", goal)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try folder.bytes("b.onnx") == folder.bytes("a.onnx"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder["jobs"]).sorted() == files)
    let other = try Self.compress(folder, "d.onnx", goal + ["--no-fuse"])
    #expect(other.status == 2)
    #expect(other.errors.contains("expected a plan with fuse: no"), "\(other.errors)")
  }

  @Test("Goals need data, and their numbers units that make sense")
  func mistakes() throws {
    let folder = try TemporaryFolder()
    func run(_ arguments: [String]) throws -> Command.Outcome {
      try Command.run(["compress", Self.model, "-o", "x.onnx"] + arguments, in: folder.path)
    }
    let noData = try run(["--max-loss", "1"])
    #expect(noData.status == 2)
    #expect(noData.errors.contains("expected calibration data to measure with, found none"))
    for arguments in [
      ["--max-loss", "-1"], ["--speedup", "0.5"], ["--max-bytes", "lots"],
      ["--max-latency", "7200"], ["--speedup", "2", "--max-latency", "1ms"],
      ["--max-bytes", "0.5", "--ratio", "0.5"],
    ] {
      #expect(try run(arguments).status == 64, "\(arguments)")
    }
    #expect(try folder.names.isEmpty)
  }

  @Test("Limits are numbers or fractions of the original's figures; all of several have to hold")
  func limits() throws {
    func costs(_ bytes: Int, _ macs: Int) -> ModelCosts {
      ModelCosts(bytes: bytes, macs: macs, parameters: 1, energy: 1, time: nil)
    }
    var goals = CompressionGoals()
    #expect(goals.isEmpty)
    goals.bytes = .absolute(100)
    goals.macs = .fraction(0.5)
    let original = costs(400, 1000)
    #expect(goals.excess(costs(100, 500), original: original) == 1)
    #expect(goals.excess(costs(100, 600), original: original) == 1.2)
    #expect(goals.excess(costs(150, 500), original: original) == 1.5)
    let text = try JSONEncoder().encode(goals)
    #expect(try JSONDecoder().decode(CompressionGoals.self, from: text) == goals)
  }

  @Test("A time has to hold in both runtimes, and a plan of one alone can be read")
  func times() throws {
    func costs(_ time: RunTime) -> ModelCosts {
      ModelCosts(bytes: 1, macs: 1, parameters: 1, energy: 1, time: time)
    }
    var goals = CompressionGoals()
    goals.latency = .fraction(0.5)
    let alone = RunTime(seconds: 1, original: 4)
    let both = RunTime(seconds: 1, original: 4, onnxruntime: .init(seconds: 3, original: 4))
    #expect(goals.excess(costs(alone), original: costs(alone)) == 0.5)
    #expect(goals.excess(costs(both), original: costs(both)) == 1.5)
    #expect(alone.share == 0.25 && both.share == 0.75)
    let text = Data("{\"seconds\": 1, \"original\": 4}".utf8)
    #expect(try JSONDecoder().decode(RunTime.self, from: text) == alone)
    let refused = RunTime(
      seconds: 1, original: 4, onnxruntime: .init(seconds: RunTime.noRun, original: 4))
    #expect(goals.excess(costs(refused), original: costs(both)) > 1000)
  }

  @Test("A plan for a time is done again without measuring anything, and gone on with as it began")
  func timed() throws {
    let folder = try TemporaryFolder()
    // It finds every model a third as slow as the original, in the blocks that it is asked for.
    let python = try folder.add(
      "python",
      Array(
        """
        #!/bin/sh
        [ $# -lt 6 ] && exit 0
        line() { i=0; while [ $i -lt "$2" ]; do printf '%s ' "$1"; i=$((i + 1)); done; echo; }
        line 0.001 "$6"; line 0.003 "$6"
        """.utf8))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    func run(_ output: String, python: String) throws -> Command.Outcome {
      let goals = ["--speedup", "1.3", "--plan", "p.json", "--threads", "1"]
      return try Command.run(
        ["compress", Self.model, "-o", output] + Self.data + goals, in: folder.path, python: python)
    }
    let first = try run("a.onnx", python: python)
    #expect(first.status == 0, "\(first.errors)")
    let json = try folder.bytes("p.json")
    var plan = try CompressionPlan(json: [UInt8](json))
    #expect(plan.rehearsals?.isEmpty == false)
    #expect(plan.choice?.costs.time?.onnxruntime?.seconds == 0.001)

    let again = try run("b.onnx", python: "")
    #expect(again.status == 0, "\(again.errors)")
    #expect(try folder.bytes("b.onnx") == folder.bytes("a.onnx"))
    #expect(try folder.bytes("p.json") == json)

    plan.tried = []
    _ = try folder.add("p.json", try plan.json())
    let other = try run("c.onnx", python: "")
    #expect(other.status == 2)
    #expect(
      other.errors.contains("plan: expected onnxruntime, in which its models were timed"),
      "\(other.errors)")
  }

  @Test("Where integers lose too much, floats of 16 bits are tried before those of 32")
  func half() throws {
    let folder = try TemporaryFolder()
    let found = try Self.compress(
      folder, "a.onnx", ["--max-bytes", "0.6", "--max-loss", "0.05", "--plan", "p.json"])
    // So few samples tell nothing for certain, so that none of the kinds will do.
    #expect(found.status == 1, "\(found.errors)")
    let plan = try CompressionPlan(json: [UInt8](try folder.bytes("p.json")))
    let kinds = plan.tried.filter { $0.place.level == 0 }.map(\.place.numbers)
    #expect(kinds == [.int8, .int4, .float16])
    let half = try #require(plan.tried.first { $0.place.numbers == .float16 })
    let original = try #require(plan.original)
    #expect(Double(half.costs.bytes) < 0.52 * Double(original.bytes))
    let (mine, integer) = (half.loss?.noise ?? 1, plan.tried[0].loss?.noise ?? 0)
    #expect(mine < 0.01 * integer)
  }

  @Test("A front reaches as far whatever is asked for, and its models are as its figures say")
  func wholeFront() throws {
    let folder = try TemporaryFolder()
    let found = try Self.compress(
      folder, "a.onnx", ["--max-macs", "0.5", "--no-quantize", "--pareto", "front"])
    #expect(found.status == 0, "\(found.errors)")
    struct Front: Decodable {
      struct Row: Decodable {
        let model: String
        let bytes: Int
        let macs: Int
      }
      let front: [Row]
    }
    let json = Data(try folder.bytes("front/front.json"))
    let rows = try JSONDecoder().decode(Front.self, from: json).front
    for row in rows { #expect(try folder.bytes("front/\(row.model)").count == row.bytes) }
    let macs = rows.map(\.macs), whole = 13_044_640
    #expect(macs.max() ?? 0 > whole / 2)
    #expect(macs.min() ?? whole < whole / 10)
    #expect(macs.contains { $0 <= whole / 2 && $0 > 2 * whole / 5 })
  }

  @Test("A front keeps what nothing else beats")
  func front() {
    func candidate(_ level: Int, _ bytes: Int, wrong: Int) -> Candidate {
      Candidate(
        place: .init(level: level, .int8), widths: [:], foretold: 0,
        costs: ModelCosts(bytes: bytes, macs: bytes, parameters: 1, energy: 1, time: nil),
        loss: OutputLoss(
          original: Array(repeating: 0, count: 100),
          changed: (0..<100).map { $0 < wrong ? 1 : 0 }, labels: nil), model: "\(level)")
    }
    let all = [
      candidate(0, 100, wrong: 1), candidate(1, 80, wrong: 4), candidate(2, 60, wrong: 3),
      candidate(3, 40, wrong: 9), candidate(4, 40, wrong: 9),
    ]
    #expect(ParetoFront.front(all).map(\.place.level) == [0, 2, 3])
  }
}
