public import Passes
public import Reports

extension Report {
  /// Adds what a runtime will compute in integers, and the rules that other operators break.
  public mutating func add(_ lint: IntegerLint) {
    let integers = lint.findings.count { $0.rule == nil }
    add("integers", "\(integers) of \(lint.findings.count) operators in integers")
    let broken = lint.findings.compactMap { finding in finding.rule.map { (finding, $0) } }
    add(
      Table(
        "rules", of: broken,
        [
          (.init("node"), { .text($0.0.node) }),
          (.init("rule", "rule that it breaks"), { .text($0.1) }),
        ]))
    add(data: [
      "operators": .array(
        lint.findings.map { finding in
          .object([
            "node": .string(finding.node), "operator": .string("\(finding.op)"),
            "output": .string(finding.output), "integer": .bool(finding.rule == nil),
            "rule": .string(finding.rule),
          ])
        })
    ])
  }
}
