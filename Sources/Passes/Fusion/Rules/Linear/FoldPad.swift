internal import IR
internal import Operators
internal import Rewriting

/// A Pad in front of a convolution or pool becomes its pads.
///
/// A convolution pads with zeros, an average that counts pads does too, a maximum with -∞, or with
/// anything not above what the window holds besides.
struct FoldPad: FusionRule {
  static let name = "fold-pad"
  static let summary = "Pad in front of Conv, AveragePool or MaxPool becomes its pads"
  static let roots = ["Conv", "AveragePool", "MaxPool"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let pad = net.producer(of: middle, "Pad"),
      let source = net.input(pad, 0), let kind = net.kind(id)
    else { return .noMatch }
    let mode = net.string(pad, "mode", "constant")
    guard mode == "constant" else { return .declined("the pad's mode is \(mode)") }
    guard let widths = net.ints(pad, "pads") ?? net.integers(net.input(pad, 1)) else {
      return .declined("the pads are not constant")
    }
    if net.input(pad, 3) != nil { return .declined("the pad names its axes") }
    guard let rank = net.rank(source), rank > 2, widths.count == 2 * rank else { return .noMatch }
    if widths.contains(where: { $0 < 0 }) { return .declined("a pad is negative") }
    guard [0, 1, rank, rank + 1].allSatisfy({ widths[$0] == 0 }) else {
      return .declined("it pads batch or channels")
    }
    var value = Double(net.float(pad, "value", 0))
    if let given = net.input(pad, 2) {
      guard let number = net.number(given) else { return .declined("its value is not constant") }
      value = number
    }
    let automatic = net.string(id, "auto_pad", "NOTSET")
    guard automatic == "NOTSET" || automatic == "VALID" else {
      return .declined("auto_pad is \(automatic)")
    }
    let spatial = rank - 2
    let own = automatic == "VALID" ? nil : net.ints(id, "pads")
    let old = own ?? [Int](repeating: 0, count: 2 * spatial)
    guard old.count == 2 * spatial else { return .noMatch }
    let added = Array(widths[2..<rank] + widths[(rank + 2)...])
    if kind != "Conv" {
      if let reason = obstacle(toPooling: id, kind, value, old, added, source, &net) {
        return .declined(reason)
      }
    } else if value != 0 {
      return .declined("it pads with \(value)")
    }
    if let obstacle = net.obstacle(over: middle) { return .declined(obstacle) }
    var sums: [Int] = []
    for (a, b) in zip(old, added) {
      let (sum, overflow) = a.addingReportingOverflow(b)
      if overflow { return .declined("the pads are too large") }
      sums.append(sum)
    }
    let absorbed = net.graph.label(pad)
    net.setAttribute(id, "auto_pad", nil)
    net.setAttribute(id, "pads", .ints(sums))
    if kind == "AveragePool" { net.setAttribute(id, "count_include_pad", .int(1)) }
    net.setInput(id, slot: 0, to: source)
    return .applied("took in \(absorbed)", survivor: id, absorbed: [absorbed])
  }

  private func obstacle(
    toPooling id: NodeID, _ kind: String, _ value: Double, _ old: [Int], _ added: [Int],
    _ source: ValueID, _ net: inout Rewriter
  ) -> String? {
    if net.int(id, "ceil_mode", 0) != 0 { return "ceil_mode is 1" }
    if net.graph[id].outputs.dropFirst().contains(where: { $0 != nil }) {
      return "the pool gives out indices"
    }
    guard let kernel = net.ints(id, "kernel_shape"), kernel.count * 2 == added.count else {
      return "the pool has no kernel_shape"
    }
    for axis in added.indices where old[axis] + added[axis] >= kernel[axis % kernel.count] {
      return "the pads would be as large as the window"
    }
    if kind == "AveragePool" {
      if value != 0 { return "it pads with \(value)" }
      if net.int(id, "count_include_pad", 0) == 0, old.contains(where: { $0 != 0 }) {
        return "count_include_pad is 0 and the pool has pads of its own"
      }
      return nil
    }
    let isLowest = value <= -Double(Float.greatestFiniteMagnitude)
    if !isLowest, !(value <= 0 && net.isNonNegative(source)) {
      return "it pads with \(value), which may be above what the window holds"
    }
    if net.ints(id, "dilations")?.contains(where: { $0 != 1 }) ?? false {
      return "the window has gaps, which pads might fill alone"
    }
    return nil
  }
}
