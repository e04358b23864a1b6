package import IR

/// An equation of Einsum: which axes of its operands go together.
package struct EinsumEquation: Sendable {
  /// What names an axis: a letter, or the place of an axis of `...` counted from its right.
  package enum Label: Hashable, Sendable {
    case letter(Character)
    case ellipsis(Int)
  }

  private enum Term: Hashable, Sendable {
    case letter(Character)
    case ellipsis
  }

  private let operands: [[Term]]
  private let output: [Term]

  package init(_ text: String, _ node: NodeView) throws(ModelError) {
    let compact = text.filter { !$0.isWhitespace }
    func failure() -> ModelError {
      node.mismatch(
        "equation", expected: "terms of letters such as 'ij,jk->ik'", found: "'\(text)'")
    }
    var sides = [compact]
    if let arrow = compact.firstIndex(of: "-") {
      guard compact[arrow...].hasPrefix("->") else { throw failure() }
      sides = [String(compact[..<arrow]), String(compact[arrow...].dropFirst(2))]
    }
    func terms(_ text: Substring) throws(ModelError) -> [Term] {
      var terms: [Term] = []
      var rest = text
      while let first = rest.first {
        if rest.hasPrefix("...") {
          guard !terms.contains(.ellipsis) else { throw failure() }
          terms.append(.ellipsis)
          rest = rest.dropFirst(3)
        } else {
          guard first.isASCII, first.isLetter else { throw failure() }
          terms.append(.letter(first))
          rest = rest.dropFirst()
        }
      }
      return terms
    }
    var operands: [[Term]] = []
    for part in sides[0].split(separator: ",", omittingEmptySubsequences: false) {
      operands.append(try terms(part))
    }
    self.operands = operands
    guard operands.count == node.inputs.count else {
      throw node.mismatch(
        "equation", expected: "\(node.inputs.count) terms, one an input", found: "'\(text)'")
    }
    let all = operands.flatMap { $0 }
    if sides.count == 2 {
      output = try terms(sides[1][...])
      guard Set(output).count == output.count,
        output.allSatisfy({ all.contains($0) || $0 == .ellipsis })
      else { throw failure() }
    } else {
      // Without an arrow: what stands once, by letter, behind the axes of the ellipsis.
      var counts: [Character: Int] = [:]
      for case .letter(let letter) in all { counts[letter, default: 0] += 1 }
      let single = counts.filter { $0.value == 1 }.keys.sorted()
      output = (all.contains(.ellipsis) ? [.ellipsis] : []) + single.map { .letter($0) }
    }
  }

  /// A label for each axis of each operand and of the output.
  ///
  /// - Parameter ranks: the operands' ranks.
  /// - Returns: nil when a rank does not fit its term; the index of that operand is `wrong`.
  package func labels(
    ranks: [Int]
  ) -> (operands: [[Label]], output: [Label], wrong: Int?) {
    var expanded: [[Label]] = []
    var widest = 0
    for (index, (terms, rank)) in zip(operands, ranks).enumerated() {
      let dots = terms.contains(.ellipsis)
      let width = rank - terms.count + (dots ? 1 : 0)
      guard width >= 0, dots || width == 0 else { return ([], [], index) }
      widest = max(widest, width)
      expanded.append(Self.expand(terms, width))
    }
    return (expanded, Self.expand(output, widest), nil)
  }

  private static func expand(_ terms: [Term], _ width: Int) -> [Label] {
    terms.flatMap { term -> [Label] in
      switch term {
      case .letter(let letter): [.letter(letter)]
      case .ellipsis: (0..<width).map { .ellipsis(width - 1 - $0) }
      }
    }
  }
}
