import Foundation
import Lapidary
import TestSupport
import Testing

/// Ninety mistakes and what the command says of each: the golden file is read as a user would read
/// it. A message names the option or thing, what is expected and what was found.
@Suite struct MistakeTests {
  /// Recipes with one mistake each; `recipe-N.yaml` in the lines below.
  private static let recipes = [
    "polish: true", "prune: { ratio: much }", "prune: { ratio: 30 }",
    "prune: { scope: everywhere }",
    "prune: { ratio: 0.5, macs: 0.5 }", "prune: { ratoi: 0.5 }", "quantize: { method: guess }",
    "quantize: maybe", "- a list", "prune: { ratio: 0.5, keep: { a: b } }", "fuse: [", "fuze: true",
    "quantize: { percentile: 99 }", "prune: { ratio: 0.5, importance: l3 }",
    "prune: { ratio: 0.5, round-to: 1.5 }", "data: { calibratoin: x }",
  ]

  private static let lines = [
    // Commands.
    "frobnicate m.onnx", "inpsect m.onnx", "help nosuch", "help quantise", "--nosuch", "prune",
    "inspect", "inspect m.onnx other.onnx", "bench m.onnx --runs", "diff m.onnx",
    // Options.
    "prune m.onnx -o x.onnx --raito 0.5", "quantize m.onnx -o x.onnx --calibratoin d",
    "fuse --otuput x.onnx m.onnx", "prune m.onnx -o x.onnx", "prune m.onnx --ratio 0.5",
    "prune m.onnx -o x.onnx --ratio 0.5 --macs 0.5",
    "prune m.onnx -o x.onnx --ratio 0.5 --apply-plan p.json",
    "prune m.onnx -o x.onnx --plan-only p.json --ratio 0.5",
    "prune m.onnx --plan p.json --plan-only q.json --ratio 0.5", "quantize m.onnx -o x.onnx",
    "factor m.onnx -o x.onnx --calibration random:4", "factor m.onnx -o x.onnx --ratio 0.5",
    "factor m.onnx -o x.onnx --ratio 0.5 --macs 0.5 --calibration random:4",
    "factor m.onnx -o x.onnx --macs 7 --calibration random:4",
    "sparsify m.onnx -o x.onnx", "sparsify m.onnx -o x.onnx --ratio 0.5 --pattern 2:4",
    "sparsify m.onnx -o x.onnx --pattern 2:4 --scope global", "fuse m.onnx",
    "convert m.onnx -o x.onnx --external w --inline",
    "prune m.onnx -o x.onnx --ratio 0.5 --importance wanda",
    "sparsify m.onnx -o x.onnx --ratio 0.5 --importance wanda",
    // Values.
    "prune m.onnx -o x.onnx --ratio 30", "prune m.onnx -o x.onnx --ratio -0.5",
    "prune m.onnx -o x.onnx --ratio many", "prune m.onnx -o x.onnx --macs 50",
    "prune m.onnx -o x.onnx --params 2", "prune m.onnx -o x.onnx --bytes 1000000",
    "compress m.onnx -o x.onnx --ratio 30", "sparsify m.onnx -o x.onnx --ratio 90",
    "sparsify m.onnx -o x.onnx --pattern 4:2", "sparsify m.onnx -o x.onnx --pattern 2",
    "prune m.onnx -o x.onnx --ratio 0.5 --importance l3",
    "prune m.onnx -o x.onnx --ratio 0.5 --scope everywhere",
    "prune m.onnx -o x.onnx --ratio 0.5 --round-to 0",
    "prune m.onnx -o x.onnx --ratio 0.5 --min-channels 0",
    "prune m.onnx -o x.onnx --ratio 0.5 --max-ratio 80",
    "prune m.onnx -o x.onnx --ratio 0.5 --group-ratio stem",
    "prune m.onnx -o x.onnx --ratio 0.5 --group-ratio stem=25",
    "quantize m.onnx -o x.onnx --calibration random:4 --percentile 99.99",
    "quantize m.onnx -o x.onnx --calibration random:4 --method guess",
    "quantize m.onnx -o x.onnx --calibration random:4 --profile gpu",
    "fuse m.onnx -o x.onnx --target coreml", "fuse m.onnx -o x.onnx --only nosuch",
    "fuse m.onnx -o x.onnx --growth lots", "bench m.onnx --runs 0", "bench m.onnx --threads -1",
    "bench m.onnx --backend gpu", "run m.onnx --inputs random:1 -o o --batch -1",
    "compare m.onnx m.onnx --tolerance -1", "diff m.onnx m.onnx --fail-on names",
    "inspect m.onnx --format xml", "inspect m.onnx --dim batch", "inspect m.onnx --dim N=4",
    "inspect m.onnx --dim batch=-1", "inspect m.onnx --dim image:1=3",
    "inspect m.onnx --dim image:9=3",
    "sensitivity m.onnx --calibration random:4 --samples 0",
    "sensitivity m.onnx --calibration random:4 --ratios 2",
    // Files.
    "inspect nowhere.onnx", "inspect folder", "inspect empty.onnx", "inspect text.onnx",
    "inspect cut.onnx", "check cut.onnx", "diff m.onnx nowhere.onnx", "fuse m.onnx -o m.onnx",
    "fuse m.onnx -o folder", "fuse m.onnx -o nowhere/x.onnx",
    "compress m.onnx -o nowhere/x.onnx --ratio 0.5",
    "prune m.onnx -o x.onnx --apply-plan text.onnx",
    "prune m.onnx -o x.onnx --apply-plan nowhere.json", "verify-plan m.onnx m.onnx text.onnx",
    "prune m.onnx -o x.onnx --ratio 0.5 --scores text.onnx",
    "quantize m.onnx -o x.onnx --statistics text.onnx",
    // Data.
    "run m.onnx -o o --inputs nowhere.npz", "run m.onnx -o o --inputs random:0",
    "run m.onnx -o o --inputs random:many", "run m.onnx -o o --inputs missing.npz",
    "run m.onnx -o o --inputs shape.npz", "run m.onnx -o o --inputs folder",
    "evaluate m.onnx --data random:4", "evaluate m.onnx --data text.onnx",
    "quantize m.onnx -o x.onnx --calibration nowhere",
  ]

  @Test("Each mistake is named, with what was found")
  func mistakes() throws {
    let folder = try TemporaryFolder()
    let model = try Data(
      contentsOf: URL(fileURLWithPath: Repository.fixture("fashion/fashion.onnx")))
    try folder.add("m.onnx", [UInt8](model))
    try folder.add("cut.onnx", [UInt8](model.prefix(model.count / 2)))
    try folder.add("text.onnx", Array("a letter to nobody\n".utf8))
    try folder.add("empty.onnx", [])
    try FileManager.default.createDirectory(
      atPath: folder["folder"], withIntermediateDirectories: false)
    try NPZ.write([("picture", Tensor(floats: [1], [1]))], to: folder["missing.npz"])
    try NPZ.write(
      [("image", Tensor(floats: [Float](repeating: 0, count: 48), [1, 3, 4, 4]))],
      to: folder["shape.npz"])
    var lines = Self.lines
    for (index, recipe) in Self.recipes.enumerated() {
      try folder.add("recipe-\(index).yaml", Array(recipe.utf8))
      lines.append("compress m.onnx -o x.onnx --recipe recipe-\(index).yaml")
    }
    #expect(lines.count >= 90)
    // One shell for all: starting it is what takes the time.
    let script = lines.map { "$LAPIDARY \($0) 2>&1 >/dev/null; echo \"status $?\"\n" }.joined()
    let outcome = try Command.shell(script, in: folder.path)
    let answers = String(decoding: outcome.output, as: UTF8.self)
      .split(separator: /status (?=\d+\n)/, omittingEmptySubsequences: false)
    #expect(answers.count == lines.count + 1)
    var text = ""
    for (index, line) in lines.enumerated() where index + 1 < answers.count {
      // What the answer to a line says stands before its status.
      let status = answers[index + 1].prefix { $0 != "\n" }
      let words = index == 0 ? answers[index] : answers[index].drop { $0 != "\n" }.dropFirst()
      let shown = words.split(separator: "\n").prefix {
        !$0.hasPrefix("Usage:") && !$0.hasPrefix("  See ")
      }
      #expect(status != "0", "\(line)")
      text += "$ lapidary \(line)\n\(shown.joined(separator: "\n"))\n[\(status)]\n"
    }
    try expectSnapshot(text, "mistakes.txt")
    #expect(!FileManager.default.fileExists(atPath: folder["x.onnx"]))
  }
}
