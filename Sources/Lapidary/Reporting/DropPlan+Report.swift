internal import Passes
internal import Reports

extension Report {
  /// The blocks that were dropped, and what each saved.
  mutating func add(drops plan: DropPlan) {
    var table = Table(
      "dropped",
      [
        .init("block", "block dropped, in order"), .init("nodes", numeric: true),
        .init("macs", "MACs", numeric: true), .init("parameters", "params", numeric: true),
        .init("bytes", numeric: true),
      ])
    for block in plan.blocks {
      table.rows.append([
        .text(block.sum), .count(block.nodes), .short(block.macs), .short(block.parameters),
        .short(block.bytes),
      ])
    }
    table.footer = (
      "total",
      [
        .text("\(plan.blocks.count) of \(plan.found)"),
        .count(plan.blocks.reduce(0) { $0 + $1.nodes }),
        .short(plan.blocks.reduce(0) { $0 + $1.macs }),
        .short(plan.blocks.reduce(0) { $0 + $1.parameters }),
        .short(plan.blocks.reduce(0) { $0 + $1.bytes }),
      ]
    )
    add(table)
  }
}
