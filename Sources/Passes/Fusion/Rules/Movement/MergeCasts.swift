internal import IR
internal import Rewriting

/// `cast(cast(x, A), B) = cast(x, B)` when A holds every value that x can have, and B, where it is
/// text, writes them alike.
struct MergeCasts: FusionRule {
  static let name = "merge-casts"
  static let summary = "a Cast after one that loses nothing reads its input"
  static let roots = ["Cast"]

  func apply(at id: NodeID, in net: inout Rewriter) throws(ModelError) -> FusionOutcome {
    guard let middle = net.input(id, 0), let first = net.producer(of: middle, "Cast"),
      let source = net.input(first, 0), let result = net.output(id)
    else { return .noMatch }
    let from = net.elementType(source), through = net.elementType(middle)
    guard through.holds(from) else {
      return .declined("\(through) does not hold every value of \(from)")
    }
    // A text tells integers and floats apart: "2" and "2.0".
    guard net.elementType(result) != .string || (from.isInteger && through.isInteger) else {
      return .declined("texts of \(through) are not those of \(from)")
    }
    let absorbed = net.graph.label(first)
    if net.elementType(result) == from {
      if let obstacle = net.bypass(id, with: source) { return .declined(obstacle) }
      return .applied("it undoes \(absorbed)")
    }
    net.setInput(id, slot: 0, to: source)
    return .applied("reads what \(absorbed) read", survivor: id, absorbed: [absorbed])
  }
}

extension ElementType {
  /// Whether these are integers, which texts write without a point.
  fileprivate var isInteger: Bool {
    switch self {
    case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64: true
    default: false
    }
  }

  /// Whether every value of `other` is a value of this type too.
  fileprivate func holds(_ other: ElementType) -> Bool {
    if self == other { return self != .undefined }
    switch other {
    case .bool:
      return [
        .float, .double, .float16, .bfloat16, .int8, .uint8, .int16, .uint16, .int32, .uint32,
        .int64, .uint64,
      ].contains(self)
    case .uint8:
      return [
        .float16, .float, .double, .int16, .uint16, .int32, .uint32, .int64, .uint64,
      ].contains(self)
    case .int8: return [.float16, .float, .double, .int16, .int32, .int64].contains(self)
    case .uint16: return [.float, .double, .int32, .uint32, .int64, .uint64].contains(self)
    case .int16: return [.float, .double, .int32, .int64].contains(self)
    case .uint32: return [.double, .int64, .uint64].contains(self)
    case .int32: return [.double, .int64].contains(self)
    case .float16, .bfloat16: return [.float, .double].contains(self)
    case .float: return self == .double
    default: return false
    }
  }
}
