import Foundation
import Lapidary
import TestSupport
import Testing

/// Writing that is cut short: there is the old file or the new one, never a part of one.
@Suite(.serialized) struct InterruptionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A model of `megabytes` MB whose weights are all `value`.
  private func model(_ value: Float, megabytes: Int) -> Model {
    var graph = Graph(name: "g")
    for index in 0..<megabytes {
      let count = 1 << 18
      _ = graph.addInitializer(
        "w\(index)", Tensor(floats: [Float](repeating: value, count: count), [count]))
    }
    return Model(graph: graph)
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: folder[name]))
  }

  @Test("Killed at 50 moments of replacing a file")
  func killed() throws {
    try ONNXFile.write(model(1, megabytes: 6), to: folder["old.onnx"])
    try ONNXFile.write(model(2, megabytes: 6), to: folder["new.onnx"])
    let (old, new) = (try bytes("old.onnx"), try bytes("new.onnx"))
    // From before the first byte to after the last: a run takes some tens of milliseconds.
    let start = Date()
    let whole = try Command.run(
      ["convert", "new.onnx", "-o", "out.onnx", "--quiet"], in: folder.path)
    #expect(whole.status == 0, "\(whole.errors)")
    let duration = Date().timeIntervalSince(start)
    var generator = SystemRandomNumberGenerator()
    var outcomes = (old: 0, new: 0)
    try old.write(to: URL(fileURLWithPath: folder["out.onnx"]))
    for round in 0..<50 {
      let process = try Command.start(
        ["convert", "new.onnx", "-o", "out.onnx", "--quiet"], in: folder.path)
      let jitter = Double.random(in: 0..<1, using: &generator)
      usleep(UInt32(duration * 1.2 * (Double(round) + jitter) / 50 * 1e6))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let found = try bytes("out.onnx")
      #expect(found == old || found == new, "round \(round): \(found.count) bytes")
      guard found != old else {
        outcomes.old += 1
        continue
      }
      outcomes.new += 1
      try old.write(to: URL(fileURLWithPath: folder["out.onnx"]))
    }
    #expect(outcomes.old > 0, "no run was killed early enough")
    let names = try folder.names.filter { $0.hasSuffix(".partial") }
    #expect(names.count <= 1, "at most the run killed between two steps leaves a file: \(names)")
  }

  @Test("A file that may not grow: status 2, one line, the old file, nothing left behind")
  func limitedFileSize() throws {
    try ONNXFile.write(model(1, megabytes: 2), to: folder["m.onnx"])
    try folder.add("out.onnx", [1, 2, 3])
    // Without the trap, the signal for too large a file would end the process.
    let outcome = try Command.shell(
      "trap '' XFSZ; ulimit -f 1000; exec \"$LAPIDARY\" convert m.onnx -o out.onnx",
      in: folder.path)
    try expectFailure(outcome, "file too large")
  }

  /// Starts a shell that may mount disks, gone with the shell.
  private static let mounting = getuid() == 0 ? "unshare -m" : "unshare -Urm"

  /// Whether this machine lets tests mount a small disk. The limited file size stands in for it where
  /// not.
  private static let mountsDisks: Bool = {
    let folder = try? TemporaryFolder()
    guard let folder else { return false }
    let probe = try? Command.shell(
      "\(mounting) mount -t tmpfs -o size=1m none .", in: folder.path)
    return probe?.status == 0
  }()

  @Test(
    "A full disk: status 2, one line, the old file, nothing left behind",
    .enabled(if: mountsDisks, "this machine lets nobody mount a disk in a namespace of its own"))
  func fullDisk() throws {
    try ONNXFile.write(model(1, megabytes: 2), to: folder["m.onnx"])
    try FileManager.default.createDirectory(
      atPath: folder["disk"], withIntermediateDirectories: false)
    let line = """
      mount -t tmpfs -o size=1m none disk || exit 77
      printf '\\1\\2\\3' > disk/out.onnx
      "$LAPIDARY" convert m.onnx -o disk/out.onnx
      status=$?
      ls -A disk
      cp disk/out.onnx out.onnx
      exit $status
      """
    try line.write(toFile: folder["full.sh"], atomically: true, encoding: .utf8)
    let outcome = try Command.shell("\(Self.mounting) sh full.sh", in: folder.path)
    #expect(String(decoding: outcome.output, as: UTF8.self) == "out.onnx\n")
    try FileManager.default.removeItem(atPath: folder["full.sh"])
    try FileManager.default.removeItem(atPath: folder["disk"])
    try expectFailure(outcome, "no space left on device")
  }

  private func expectFailure(_ outcome: Command.Outcome, _ reason: String) throws {
    #expect(outcome.status == 2)
    #expect(outcome.errors.hasPrefix("error: convert: "), "\(outcome.errors)")
    #expect(outcome.errors.contains(reason), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(try folder.bytes("out.onnx") == [1, 2, 3])
    #expect(try folder.names == ["m.onnx", "out.onnx"])
  }
}
