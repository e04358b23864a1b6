import ArgumentParser
import Lapidary

/// `lapidary groups`.
struct Groups: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows coupled channel groups, and every frozen channel with its reason.",
    discussion: """
      Example: lapidary groups Fixtures/fashion/fashion.onnx
      """)

  @Argument(help: "The model; - for the standard input.")
  var model: String

  @Option(help: "Names or patterns of weights, nodes or operators whose channels stay.")
  var keep: [String] = []

  @OptionGroup var choices: ChoiceOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let loaded = try ONNXFile.read(model)
    var options = PruningOptions(target: .ratio(0))
    options.keep = keep
    options.choices = choices.choices
    let plan = try Pruner(loaded, options).groups()
    report.print(text: plan.text, markdown: plan.markdown, json: plan.summary)
  }
}

extension PruningPlan {
  /// The first few names, and all of them in JSON.
  private func names(_ all: [String]) -> Table.Cell {
    let shown = all.prefix(2).joined(separator: ", ")
    return .init(
      all.count > 2 ? "\(shown) and \(all.count - 2) more" : shown,
      json: .array(all.map { .string($0) }))
  }

  private var groupTable: Table {
    var table = Table(
      "Groups",
      [
        .init("group", numeric: true), .init("channels", numeric: true),
        .init("kept", numeric: true), .init("MACs", numeric: true), .init("made by"),
        .init("read by"),
      ])
    for group in groups {
      let share = Double(group.macs) / Double(max(macs, 1))
      table.add(
        .init(group.index), .init(group.channels), .init(group.kept),
        .init("\(NumberText.decimal(share * 100, 1)) %", json: .number(share)),
        names(group.producers.map(\.weight)), names(group.readers))
    }
    return table
  }

  private var frozenTable: Table {
    var table = Table(
      "Frozen", [.init("channels", numeric: true), .init("made by"), .init("reason")])
    for entry in frozen {
      table.add(.init(entry.channels), .init(entry.weight), .init(entry.reason))
    }
    return table
  }

  /// Groups and frozen channels for a terminal.
  var text: String { groupTable.text + (frozen.isEmpty ? "" : frozenTable.text) }

  /// Groups and frozen channels in Markdown.
  var markdown: String { groupTable.markdown + "\n" + frozenTable.markdown }

  /// Groups and frozen channels in JSON.
  var summary: JSONValue {
    .object(["schema": .int(1), "groups": groupTable.json, "frozen": frozenTable.json])
  }
}
